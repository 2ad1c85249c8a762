#include "text/windows.h"

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace convbert {
namespace {

// Of the text that is cut: [begin, end) of the tokens.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

Span last_text(const Encoding& whole) {
  const bool is_pair = std::ranges::find(whole.sequence, 1) != whole.sequence.end();
  Span span;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (whole.special_mask[i] != 0 || whole.sequence[i] != (is_pair ? 1 : 0)) continue;
    if (span.end == 0) span.begin = i;
    span.end = i + 1;
  }
  return span;
}

template <class Value>
std::vector<Value> cut(const std::vector<Value>& list, Span text, Span kept) {
  const auto at = [&](std::size_t i) { return list.begin() + static_cast<std::ptrdiff_t>(i); };
  std::vector<Value> window(at(0), at(text.begin));
  window.insert(window.end(), at(kept.begin), at(kept.end));
  window.insert(window.end(), at(text.end), list.end());
  return window;
}

}  // namespace

std::vector<Encoding> windows_of(Encoding whole, const WindowOptions& options) {
  std::vector<Encoding> windows;
  const auto limit = static_cast<std::size_t>(options.max_length);
  if (whole.size() <= limit) {
    windows.push_back(std::move(whole));
    return windows;
  }
  const Span text = last_text(whole);
  const std::size_t around = whole.size() - (text.end - text.begin);
  const auto overlap = static_cast<std::size_t>(options.overlap);
  if (limit <= around + overlap) {
    throw Error(ErrorKind::input,
                concat("windows of ", limit, " tokens overlap by ", overlap, ", and ", around,
                       " tokens go around each: no room is left to move on"));
  }
  const std::size_t room = limit - around;
  for (std::size_t begin = text.begin; true; begin += room - overlap) {
    const Span kept{begin, std::min(begin + room, text.end)};
    windows.push_back({.ids = cut(whole.ids, text, kept),
                       .type_ids = cut(whole.type_ids, text, kept),
                       .offsets = cut(whole.offsets, text, kept),
                       .special_mask = cut(whole.special_mask, text, kept),
                       .sequence = cut(whole.sequence, text, kept)});
    if (kept.end == text.end) return windows;
  }
}

}  // namespace convbert
