// How a flag or request that cannot be carried out is refused.
#pragma once

#include "core/error.h"

namespace convbert::app {

// usage_error("--dim: expected 1 to ", most, ", found ", dim): names the flag, what was expected,
// what was found, and what to do.
template <class... Parts>
[[noreturn]] void usage_error(const Parts&... parts) {
  throw Error(ErrorKind::usage, concat(parts...));
}

}  // namespace convbert::app
