#include "text/text_units.h"

#include <algorithm>

#include "core/utf8.h"

namespace convbert {
namespace {

// Where each of the first `count` code points of the text starts, counted in the unit, and where
// the last of them ends.
std::vector<std::uint32_t> starts_of(std::string_view text, std::uint32_t count, OffsetUnit unit) {
  std::vector<std::uint32_t> starts{0};
  starts.reserve(std::size_t{count} + 1);
  for (std::size_t position = 0; position < text.size() && starts.size() <= count;) {
    const char32_t c = decode_utf8(text, position);
    const int length = unit == OffsetUnit::byte ? utf8_length(c) : utf16_length(c);
    starts.push_back(starts.back() + static_cast<std::uint32_t>(length));
  }
  return starts;
}

}  // namespace

std::uint32_t end_of_text(const Encoding& encoding, std::uint8_t sequence) {
  std::uint32_t end = 0;
  for (std::size_t i = 0; i < encoding.size(); ++i) {
    if (encoding.sequence[i] == sequence) end = std::max(end, encoding.offsets[i].end);
  }
  return end;
}

std::optional<OffsetUnit> offset_unit_from_name(std::string_view name) {
  if (name == "codepoint") return OffsetUnit::codepoint;
  if (name == "byte") return OffsetUnit::byte;
  if (name == "utf16") return OffsetUnit::utf16;
  return std::nullopt;
}

TextUnits::TextUnits(std::string_view text, std::uint32_t count, OffsetUnit unit)
    : text_(text), is_ascii_(std::ranges::all_of(text, [](unsigned char c) { return c < 0x80; })) {
  if (is_ascii_) return;
  bytes_ = starts_of(text, count, OffsetUnit::byte);
  if (unit == OffsetUnit::byte) units_ = bytes_;
  if (unit == OffsetUnit::utf16) units_ = starts_of(text, count, unit);
}

Offsets TextUnits::convert(Offsets range) const {
  return units_.empty() ? range : Offsets{units_[range.begin], units_[range.end]};
}

std::string_view TextUnits::text_of(Offsets range) const {
  const std::size_t begin = is_ascii_ ? range.begin : bytes_[range.begin];
  const std::size_t end = is_ascii_ ? range.end : bytes_[range.end];
  return text_.substr(begin, end - begin);
}

void convert_offsets(Encoding& encoding, std::string_view text,
                     std::optional<std::string_view> pair, OffsetUnit unit) {
  if (unit == OffsetUnit::codepoint) return;
  const TextUnits units[2] = {{text, end_of_text(encoding, 0), unit},
                              {pair.value_or(""), end_of_text(encoding, 1), unit}};
  for (std::size_t i = 0; i < encoding.size(); ++i) {
    encoding.offsets[i] = units[encoding.sequence[i]].convert(encoding.offsets[i]);
  }
}

}  // namespace convbert
