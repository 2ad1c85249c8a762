// BERT's text normalisation, with the source of every character.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
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

// Does clean_text drop the character, whose properties these are? NUL, the replacement character,
// and category C but Cn and Cs; never tab, line feed and carriage return, which are white space.
bool is_dropped(char32_t c, std::uint8_t properties);

// Normalises in the reference's order: clean, space CJK, decompose and strip marks, lower-case one
// by one. Keeps its memory from text to text; one thread's at a time.
class Normalizer {
 public:
  explicit Normalizer(const NormalizerOptions& options) : options_(options) {}

  // The normal form of well-formed UTF-8, whose first code point is number `first` of the original
  // text. A character that decomposes gives several with one source. Valid until the next call.
  std::span<const NormalizedCharacter> normalize(std::string_view text, std::uint32_t first);

  // The first place from `position` on where the text can be cut, or its end: the normal forms of
  // the two parts are that of the whole. A run of combining marks has none, however long.
  std::size_t next_boundary(std::string_view text, std::size_t position) const;

 private:
  struct Mark {
    char32_t character;
    std::uint8_t combining_class;
    bool is_inserted;  // not the first of its decomposition: shares the source before it
  };

  bool has_boundary_before(char32_t c) const;
  // The steps, each on characters_. The first returns the union of all their properties.
  std::uint8_t clean_and_space(std::string_view text, std::uint32_t first);
  void decompose_and_strip();
  void lowercase();

  void put_marks();
  void put(char32_t c, bool is_inserted);

  NormalizerOptions options_;
  std::vector<NormalizedCharacter> characters_;
  std::vector<NormalizedCharacter> next_;  // what decompose_and_strip() makes of them
  std::vector<Mark> marks_;                // that wait there for the next starter
  std::size_t consumed_ = 0;               // characters whose first part is in next_
};

}  // namespace convbert
