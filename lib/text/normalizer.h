// BERT's text normalisation, with the source of every character.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace convbert {

struct NormalizerOptions {
  bool clean_text = true;            // drop control and format characters, all white space -> ' '
  bool handle_chinese_chars = true;  // a space on either side of each
  std::optional<bool> strip_accents{};  // NFD without nonspacing marks; absent: as lowercase
  bool lowercase = true;

  bool strips_accents() const { return strip_accents.value_or(lowercase); }
};

// A character after normalisation and the position, in code points, of the one in the original
// text that it came from.
struct NormalizedCharacter {
  char32_t character;
  std::uint32_t source;
};

// Appends the normal form of `text`, whose first code point is number `first` of the original, in
// the reference's order: clean, space CJK, decompose and strip marks, lower-case one by one.
// A character that decomposes gives several with one source.
void normalize(std::u32string_view text, std::uint32_t first, const NormalizerOptions& options,
               std::vector<NormalizedCharacter>& normalized);

}  // namespace convbert
