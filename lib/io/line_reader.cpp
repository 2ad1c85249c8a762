#include "io/line_reader.h"

namespace convbert {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kPeekBytes = 1 << 16;

}  // namespace

bool LineReader::fill() {
  buffer_.erase(0, begin_);
  begin_ = 0;
  return source_.read(buffer_);
}

void LineReader::skip_byte_order_mark() {
  if (started_) return;
  started_ = true;
  while (buffer_.size() < kByteOrderMark.size() && kByteOrderMark.starts_with(buffer_)) {
    if (!fill()) break;
  }
  if (buffer_.starts_with(kByteOrderMark)) begin_ = kByteOrderMark.size();
}

bool LineReader::next(std::string_view& line) {
  skip_byte_order_mark();
  too_long_ = false;
  std::size_t searched = begin_;  // no line end before this
  while (true) {
    const std::size_t end = buffer_.find('\n', searched);
    had_newline_ = end != std::string::npos;
    if (had_newline_) {
      line = std::string_view(buffer_).substr(begin_, end - begin_);
      begin_ = end + 1;
      break;
    }
    if (buffer_.size() - begin_ > kMaxLineBytes) {
      too_long_ = true;
      begin_ = buffer_.size();
    }
    searched = buffer_.size() - begin_;  // where fill() will have moved it to
    if (!fill()) {
      if (buffer_.empty() && !too_long_) return false;
      line = buffer_;
      begin_ = buffer_.size();
      break;
    }
  }
  if (line.size() > kMaxLineBytes) too_long_ = true;
  if (too_long_) line = {};
  ++number_;
  return true;
}

char LineReader::peek_first() {
  skip_byte_order_mark();
  std::size_t searched = begin_;
  while (true) {
    searched = buffer_.find_first_not_of(" \t\r\n", searched);
    if (searched != std::string::npos) return buffer_[searched];
    searched = buffer_.size() - begin_;
    if (searched > kPeekBytes || !fill()) return '\0';
  }
}

}  // namespace convbert
