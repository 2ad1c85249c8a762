#include "core/cancel.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "core/error.h"

namespace convbert {

CancelToken::CancelToken() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  static_assert(std::atomic<bool>::is_always_lock_free, "request() must be signal-safe");
  if (descriptor_ < 0) {
    throw Error(ErrorKind::system,
                concat("cannot make an event descriptor: ", std::strerror(errno)));
  }
}

CancelToken::~CancelToken() { ::close(descriptor_); }

void CancelToken::request() noexcept {
  const int saved_errno = errno;
  requested_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
  errno = saved_errno;
}

}  // namespace convbert
