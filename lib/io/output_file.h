// Where results go: standard output, or a file that appears whole or not at all.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace convbert {

// The reader at the other end of a pipe is gone. Not a failure: the run ends quietly.
class ClosedPipe {};

// A file is written as <path>.partial, under a lock, and becomes <path> in finish(): fsync, rename,
// fsync of the folder. Without finish() the partial file stays as it is. Move-only.
class OutputFile {
 public:
  // Throw Error(system) naming the path; Error(usage) when another process is writing it.
  static OutputFile standard_output();
  // A path that is a device or a pipe is written to as it is.
  static OutputFile create(const std::string& path);
  // Goes on with <path>.partial, cut to its first `size` bytes.
  static OutputFile resume(const std::string& path, std::int64_t size);
  // An unnamed file for results that cannot stream: it can be read back, and is gone when closed.
  static OutputFile temporary();

  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  // All of it is handed to the operating system before the call returns.
  // Throws Error(system) with the reason (a full disk), ClosedPipe.
  void write(std::string_view bytes);
  // Over what was written before; only where is_seekable().
  void write_at(std::int64_t position, std::string_view bytes);
  // What was written to a temporary file, piece by piece.
  void read_back(const std::function<void(std::string_view)>& visit) const;
  void finish();

  bool is_seekable() const { return seekable_; }
  std::int64_t size() const { return size_; }  // bytes written, resumed ones included
  const std::string& name() const { return name_; }

  static std::string partial_path(const std::string& path);

 private:
  OutputFile(int descriptor, bool owned, std::string path, std::string name, std::int64_t size);
  [[noreturn]] void fail(const char* what) const;

  int descriptor_;
  bool owned_;
  std::string path_;  // the final one; "" for none
  std::string name_;  // for messages
  bool seekable_;
  std::int64_t size_;
};

}  // namespace convbert
