#include "io/text_buffer.h"

#include "core/error.h"
#include "io/foreign_data.h"

namespace convbert {

bool TextBuffer::start() {
  started_ = true;
  while (source_.read(buffer_)) {
    if (!is_undecided(buffer_)) break;
  }
  if (const auto found = foreign_data(buffer_)) {
    throw Error(ErrorKind::format, concat(source_.name(), ": ", *found));
  }
  has_byte_order_mark_ = buffer_.starts_with(kByteOrderMark);
  if (has_byte_order_mark_) begin_ = kByteOrderMark.size();
  return !rest().empty() || source_.read(buffer_);
}

bool TextBuffer::fill() {
  if (!started_) return start();
  buffer_.erase(0, begin_);
  begin_ = 0;
  return source_.read(buffer_);
}

bool TextBuffer::begins_with_byte_order_mark() {
  if (!started_) start();
  return has_byte_order_mark_;
}

std::string TextBuffer::peek(std::size_t count) {
  constexpr std::size_t kMostPeeked = 1 << 16;
  std::string found;
  std::size_t seen = 0;
  while (true) {
    const std::string_view text = rest();
    for (; seen < text.size() && found.size() < count; ++seen) {
      if (std::string_view(" \t\r\n").find(text[seen]) == std::string_view::npos) {
        found += text[seen];
      }
    }
    if (found.size() == count || seen > kMostPeeked || !fill()) return found;
  }
}

}  // namespace convbert
