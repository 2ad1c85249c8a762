// Ranges of a text that are counted in code points, in other units.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "text/encoding.h"

namespace convbert {

enum class OffsetUnit { codepoint, byte, utf16 };
std::optional<OffsetUnit> offset_unit_from_name(std::string_view name);

class TextUnits {
 public:
  // The text must be well-formed UTF-8, and outlive this. No range will reach beyond its first
  // `count` code points.
  TextUnits(std::string_view text, std::uint32_t count, OffsetUnit unit);

  // `range` counts code points of the text.
  Offsets convert(Offsets range) const;
  std::string_view text_of(Offsets range) const;

 private:
  std::string_view text_;
  bool is_ascii_;
  std::vector<std::uint32_t> bytes_;  // where each code point starts, and where the last one ends
  std::vector<std::uint32_t> units_;  // the same in the unit; empty where that is code points
};

// Where the last token of a text, the first (0) or the second (1), ends, in code points.
std::uint32_t end_of_text(const Encoding& encoding, std::uint8_t sequence);

// Counts the encoding's offsets in another unit of the texts that it was made from.
void convert_offsets(Encoding& encoding, std::string_view text,
                     std::optional<std::string_view> pair, OffsetUnit unit);

}  // namespace convbert
