// The text of a byte source, as far as it has been read.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "io/byte_source.h"

namespace convbert {

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Skips a byte order mark at the start, and refuses what is no UTF-8 text.
class TextBuffer {
 public:
  explicit TextBuffer(ByteSource source) : source_(std::move(source)) {}

  // What has been read and not taken; good until the next fill().
  std::string_view rest() const { return std::string_view(buffer_).substr(begin_); }
  void take(std::size_t count) { begin_ += count; }

  // Reads at least one byte more, waiting for it, or returns false: at the end, or when cancelled.
  // Throws as ByteSource::read(), and Error(format) for a start that is not one of a text.
  bool fill();

  // The first `count` bytes that are not white space; fewer at the end or where the first 64 KiB
  // have no more. Nothing is taken.
  std::string peek(std::size_t count);

  // Reads at least one byte to find out.
  bool begins_with_byte_order_mark();

  const ByteSource& source() const { return source_; }

 private:
  bool start();

  ByteSource source_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of what has not been taken
  bool started_ = false;
  bool has_byte_order_mark_ = false;
};

}  // namespace convbert
