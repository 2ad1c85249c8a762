// A request to stop, from a signal handler or a failed stage.
#pragma once

#include <atomic>

namespace convbert {

// One owner; any thread may request() or look. request() is safe in a signal handler.
class CancelToken {
 public:
  CancelToken();  // throws Error(system) when no event descriptor is left
  ~CancelToken();
  CancelToken(const CancelToken&) = delete;
  CancelToken& operator=(const CancelToken&) = delete;

  void request() noexcept;
  bool requested() const noexcept { return requested_.load(std::memory_order_acquire); }

  // Becomes readable on request() and stays so: poll() it beside the descriptor one waits for.
  int descriptor() const { return descriptor_; }

 private:
  std::atomic<bool> requested_{false};
  int descriptor_;
};

}  // namespace convbert
