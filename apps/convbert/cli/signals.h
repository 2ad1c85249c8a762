// SIGINT and SIGTERM as a request to stop in good order.
#pragma once

#include "core/cancel.h"

namespace convbert::app {

// Writing to a closed pipe or beyond a size limit is an error code from now on, not a signal.
void ignore_write_signals();

// While it lives, the first SIGINT or SIGTERM requests `cancel`, and a second one ends the process
// as usual. One at a time.
class SignalGuard {
 public:
  explicit SignalGuard(CancelToken& cancel);
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;

  // The signal that was caught, or 0.
  int caught() const;
};

}  // namespace convbert::app
