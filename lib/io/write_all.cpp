#include "io/write_all.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace convbert {

void write_all(int descriptor, std::span<const std::byte> bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      throw Error(ErrorKind::system,
                  concat(printable(path), ": cannot write: ", std::strerror(errno)));
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace convbert
