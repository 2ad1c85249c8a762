// Lines of a text.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "io/text_buffer.h"

namespace convbert {

// Of a line, a row or an element of an array. A longer one is not kept: a file without line ends
// must not fill the memory.
inline constexpr std::size_t kMaxRecordBytes = std::size_t{64} << 20;

// Cuts at '\n'; the last line may lack it.
class LineReader {
 public:
  explicit LineReader(TextBuffer text) : text_(std::move(text)) {}

  // The next line without its '\n', good until the next call; false at the end.
  // A line of more than kMaxRecordBytes comes out empty with is_too_long().
  bool next(std::string_view& line);

  bool is_too_long() const { return too_long_; }
  bool had_newline() const { return had_newline_; }     // did the line end with one?
  std::int64_t line_number() const { return number_; }  // of the line just read, from 1
  const ByteSource& source() const { return text_.source(); }

 private:
  TextBuffer text_;
  std::int64_t number_ = 0;
  bool too_long_ = false;
  bool had_newline_ = false;
};

}  // namespace convbert
