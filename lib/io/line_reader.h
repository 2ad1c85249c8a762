// Lines of a byte source.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "io/byte_source.h"

namespace convbert {

// A longer line is not kept: a file without line ends must not fill the memory.
inline constexpr std::size_t kMaxLineBytes = std::size_t{64} << 20;

// Cuts at '\n'. A byte order mark at the start is skipped; the last line may lack its '\n'.
class LineReader {
 public:
  explicit LineReader(ByteSource source) : source_(std::move(source)) {}

  // The next line without its '\n', good until the next call; false at the end.
  // A line of more than kMaxLineBytes comes out empty with is_too_long().
  bool next(std::string_view& line);

  bool is_too_long() const { return too_long_; }
  bool had_newline() const { return had_newline_; }     // did the line end with one?
  std::int64_t line_number() const { return number_; }  // of the line just read, from 1
  const ByteSource& source() const { return source_; }

  // The first byte that is not white space, or '\0' if there is none in the first 64 KiB; reads
  // on until it is known. Nothing is consumed.
  char peek_first();

 private:
  bool fill();
  void skip_byte_order_mark();

  ByteSource source_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of what has not been handed out
  std::int64_t number_ = 0;
  bool started_ = false;
  bool too_long_ = false;
  bool had_newline_ = false;
};

}  // namespace convbert
