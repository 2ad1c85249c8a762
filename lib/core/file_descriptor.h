// An open file, closed when it goes.
#pragma once

#include <unistd.h>

#include <utility>

namespace convbert {

// Move-only. -1, as open() gives it for a failure, is nothing to close.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int opened) : number_(opened) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(other.release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~FileDescriptor() {
    if (number_ >= 0) ::close(number_);
  }

  int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_ = -1;
};

}  // namespace convbert
