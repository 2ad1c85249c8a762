// Bytes from files and pipes, decompressed.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/cancel.h"

namespace convbert {

inline constexpr std::size_t kDecompressorStep = 1 << 16;

// Turns compressed bytes into plain ones as they come, in bounded steps: a few bytes may stand for
// gigabytes.
class Decompressor {
 public:
  virtual ~Decompressor() = default;
  // Takes what it uses off the front of `compressed` and appends at most kDecompressorStep bytes to
  // `plain`. True while there is more to do: call it again, with what is left, even if that is
  // nothing. Throws Error(format) for damaged data.
  virtual bool feed(std::string_view& compressed, std::string& plain) = 0;
  // No more is coming. Throws Error(format) if the data is cut short.
  virtual void finish() = 0;
  // Behind the end of the compressed data came something else. It is not read.
  bool has_other_data() const { return has_other_data_; }

 protected:
  bool has_other_data_ = false;
};

// Reads a descriptor in the amounts that it has ready, so that a slow pipe is passed on as it
// comes. gzip (of several members, too) and zstd are known by their first bytes; zeros behind gzip
// are padding. Waiting, be it for a pipe to be opened by its writer, ends when cancelled.
// Move-only.
class ByteSource {
 public:
  // Throws Error(system) naming the path. `cancel` must outlive the source; a request ends it.
  static ByteSource file(const std::string& path, const CancelToken& cancel);
  static ByteSource standard_input(const CancelToken& cancel);

  ByteSource(ByteSource&& other) noexcept;
  ByteSource& operator=(ByteSource&&) = delete;
  ~ByteSource();

  // Appends at least one byte to `buffer`, waiting for it, or returns false: at the end, or when
  // cancelled. Throws Error(system), or Error(format) for damaged compressed data, when all before
  // the damage has been handed on.
  bool read(std::string& buffer);
  // To be called at the end, when all that was read has been used: throws Error(format) if more
  // than compressed data was there.
  void check_end() const;

  const std::string& name() const { return name_; }  // the path, or "<stdin>"
  // Bytes taken from the descriptor, before decompression, and their number if it is known.
  std::int64_t position() const { return position_; }
  std::optional<std::int64_t> size() const { return size_; }

 private:
  ByteSource(int descriptor, bool owned, std::string name, const CancelToken& cancel);
  bool read_raw(std::string& buffer);
  bool read_plain(std::string& buffer);
  bool decompress(std::string& buffer);
  void sniff();

  int descriptor_;
  bool owned_;
  std::string name_;
  const CancelToken& cancel_;
  std::int64_t position_ = 0;
  std::optional<std::int64_t> size_;
  bool sniffed_ = false;
  bool ended_ = false;
  std::string head_;  // read while looking for a magic number, not yet handed on
  std::unique_ptr<Decompressor> decompressor_;
  std::string compressed_;
  std::size_t used_ = 0;         // of `compressed_`
  bool has_more_plain_ = false;  // the decompressor has not given all for what it took
  std::exception_ptr failure_;   // of the decompressor, to be thrown by the next read()
};

}  // namespace convbert
