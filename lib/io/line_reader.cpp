#include "io/line_reader.h"

namespace convbert {

bool LineReader::next(std::string_view& line) {
  too_long_ = false;
  std::size_t searched = 0;  // no line end before this
  while (true) {
    line = text_.rest();
    const std::size_t end = line.find('\n', searched);
    had_newline_ = end != std::string_view::npos;
    if (had_newline_) {
      line = line.substr(0, end);
      text_.take(end + 1);
      break;
    }
    if (line.size() > kMaxRecordBytes) {
      too_long_ = true;
      text_.take(line.size());
    }
    searched = text_.rest().size();
    if (!text_.fill()) {
      line = text_.rest();
      if (line.empty() && !too_long_) return false;
      text_.take(line.size());
      break;
    }
  }
  if (line.size() > kMaxRecordBytes) too_long_ = true;
  if (too_long_) line = {};
  ++number_;
  return true;
}

}  // namespace convbert
