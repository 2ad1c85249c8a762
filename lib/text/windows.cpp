#include "text/windows.h"

#include <algorithm>
#include <vector>

#include "core/error.h"

namespace convbert {

Windows::Windows(const Encoding& whole, const WindowOptions& options) {
  const auto limit = static_cast<std::size_t>(options.max_length);
  if (whole.size() <= limit) return;
  text_ = last_text(whole);
  const std::size_t length = text_.end - text_.begin;
  const std::size_t around = whole.size() - length;
  const auto overlap = static_cast<std::size_t>(options.overlap);
  if (limit <= around + overlap) {
    throw Error(ErrorKind::input,
                concat("windows of ", limit, " tokens overlap by ", overlap, ", and ", around,
                       " tokens go around each: no room is left to move on"));
  }
  room_ = limit - around;
  step_ = room_ - overlap;
  size_ = 1 + (length - room_ + step_ - 1) / step_;
}

Windows::Span Windows::last_text(const Encoding& whole) {
  const bool is_pair = std::ranges::find(whole.sequence, 1) != whole.sequence.end();
  Span span;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (whole.special_mask[i] != 0 || whole.sequence[i] != (is_pair ? 1 : 0)) continue;
    if (span.end == 0) span.begin = i;
    span.end = i + 1;
  }
  return span;
}

Encoding Windows::cut(const Encoding& whole, std::size_t window) const {
  if (size_ == 1) return whole;
  const std::size_t begin = text_.begin + window * step_;
  const Span kept{begin, std::min(begin + room_, text_.end)};
  const auto cut_list = [&]<class Value>(const std::vector<Value>& list) {
    const auto at = [&](std::size_t i) { return list.begin() + static_cast<std::ptrdiff_t>(i); };
    std::vector<Value> part;
    part.reserve(list.size() - (text_.end - text_.begin) + (kept.end - kept.begin));
    part.insert(part.end(), at(0), at(text_.begin));
    part.insert(part.end(), at(kept.begin), at(kept.end));
    part.insert(part.end(), at(text_.end), list.end());
    return part;
  };
  return {.ids = cut_list(whole.ids),
          .type_ids = cut_list(whole.type_ids),
          .offsets = cut_list(whole.offsets),
          .special_mask = cut_list(whole.special_mask),
          .sequence = cut_list(whole.sequence)};
}

std::int64_t Windows::tokens(const Encoding& whole) const {
  const std::size_t length = text_.end - text_.begin;
  const std::size_t repeated = whole.size() - length + room_ - step_;
  return static_cast<std::int64_t>(whole.size() + (size_ - 1) * repeated);
}

}  // namespace convbert
