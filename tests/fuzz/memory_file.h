// A file in memory for fuzzers of what reads paths.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace convbert {

// Opened anew, from its start, by each reading of its path.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(::memfd_create("input", MFD_CLOEXEC)) {
    if (descriptor_ < 0) __builtin_trap();
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }
  void fill(const std::uint8_t* data, std::size_t size) {
    const auto wanted = static_cast<ssize_t>(size);
    if (::ftruncate(descriptor_, 0) != 0 || ::pwrite(descriptor_, data, size, 0) != wanted) {
      __builtin_trap();
    }
  }

 private:
  int descriptor_;
};

}  // namespace convbert
