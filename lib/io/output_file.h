// Where results go: standard output, or a file that appears whole or not at all.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/cancel.h"
#include "io/compressors.h"

namespace convbert {

// The reader at the other end of a pipe is gone. Not a failure: the run ends quietly.
class ClosedPipe {};
// A stop was requested while nobody took what there was to write.
class StoppedOutput {};

struct OutputOptions {
  Compression compression = Compression::none;
  // A request ends a wait for a pipe or a terminal that takes no more. Must outlive the file.
  const CancelToken* cancel = nullptr;
};

// A file is written as <path>.partial, under a lock, and becomes <path> in finish(): fsync, rename,
// fsync of the folder. What is locked is the file that the name means, never a link, and all that
// is read or written later goes through that one descriptor. Without finish() the partial file
// stays, unless it is empty. Move-only.
class OutputFile {
 public:
  static OutputFile standard_output(const OutputOptions& options = {});
  // Starts anew, with the permissions of the file that it will replace. A path that is a device or
  // a pipe is written to as it is.
  // Throws Error(system) naming the path; Error(usage) when another process is writing it.
  static OutputFile create(const std::string& path, const OutputOptions& options = {});
  // The partial file that an earlier run has left, with all it holds; nothing where there is none.
  // Throws as create().
  static std::optional<OutputFile> take_up(const std::string& path,
                                           const OutputOptions& options = {});
  // An unnamed file for results that cannot stream: it can be read back, and is gone when closed.
  static OutputFile temporary();

  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  // All of it is handed to the operating system before the call returns, or to the compressor.
  // Throws Error(system) with the reason (a full disk), ClosedPipe, StoppedOutput.
  void write(std::string_view bytes);
  // Over what was written before; only where is_seekable().
  void write_at(std::int64_t position, std::string_view bytes);
  // Keeps the first `size` bytes of a file that was taken up, and goes on behind them.
  void cut(std::int64_t size);
  // What is in a temporary file or one that was taken up: bytes from `position` on, as many as
  // `buffer` holds; fewer only at the end. Returns their number.
  std::size_t read_at(std::int64_t position, std::span<char> buffer) const;
  // All of it, piece by piece.
  void read_back(const std::function<void(std::string_view)>& visit) const;
  void finish();

  bool is_seekable() const { return seekable_; }
  bool is_partial() const { return !path_.empty(); }  // a file that finish() gives its name
  std::int64_t size() const { return size_; }         // bytes written, those taken up included
  const std::string& name() const { return name_; }

  static std::string partial_path(const std::string& path);
  // For what a run needs to know to take the partial file up. Goes when the file is begun anew or
  // finished.
  static std::string state_path(const std::string& path);

 private:
  struct Target {
    int descriptor;
    std::string path;  // the final one; "" for none
    std::string name;  // for messages
  };
  OutputFile(Target target, const OutputOptions& options);

  static OutputFile device(const std::string& path, const OutputOptions& options);
  [[noreturn]] void fail(const char* what) const;
  void put(std::string_view bytes);
  void put_stream(std::string_view bytes);
  bool wait_for_room(bool is_stopping) const;
  void settle() const;

  int descriptor_;
  bool owned_;
  std::string path_;
  std::string name_;
  bool seekable_ = false;
  bool is_stream_ = false;  // a pipe, a terminal, a socket, a device
  bool finished_ = false;
  bool at_line_start_ = true;
  std::int64_t size_ = 0;
  const CancelToken* cancel_;
  std::unique_ptr<Compressor> compressor_;
  std::string compressed_;
};

}  // namespace convbert
