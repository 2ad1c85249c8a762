#include "text/normalizer.h"

#include <algorithm>

#include "core/utf8.h"
#include "text/unicode.h"

namespace convbert {

bool is_dropped(char32_t c, std::uint8_t properties) {
  if (c == U'\t' || c == U'\n' || c == U'\r') return false;
  return c == 0 || c == 0xFFFD || (properties & unicode::kOther) != 0;
}

std::span<const NormalizedCharacter> Normalizer::normalize(std::string_view text,
                                                           std::uint32_t first) {
  const std::uint8_t properties = clean_and_space(text, first);
  // Many texts have nothing to decompose, to reorder or to strip.
  const bool decomposes =
      options_.strips_accents() &&
      (properties & (unicode::kDecomposes | unicode::kCombining | unicode::kNonspacingMark)) != 0;
  if (decomposes) decompose_and_strip();
  if (options_.lowercase && (decomposes || (properties & unicode::kHasLowercase) != 0)) {
    lowercase();
  }
  return characters_;
}

std::size_t Normalizer::next_boundary(std::string_view text, std::size_t position) const {
  while (position < text.size() && is_utf8_continuation(text[position])) ++position;
  while (position < text.size()) {
    std::size_t next = position;
    if (has_boundary_before(decode_utf8(text, next))) break;
    position = next;
  }
  return position;
}

// As ICU's function of that name for NFD (UAX #15): marks are put in order up to the next starter,
// and all other steps see one character. One that is dropped separates nothing. Of a decomposition
// the first part counts: U+0F73 is a starter, and begins with a mark.
bool Normalizer::has_boundary_before(char32_t c) const {
  if (!options_.strips_accents()) return true;
  if (options_.clean_text && is_dropped(c, unicode::properties(c))) return false;
  return unicode::combining_class(unicode::decompose(c).characters[0]) == 0;
}

std::uint8_t Normalizer::clean_and_space(std::string_view text, std::uint32_t first) {
  characters_.clear();
  std::uint8_t all_properties = 0;
  for (std::size_t position = 0; position < text.size(); ++first) {
    const char32_t c = decode_utf8(text, position);
    const std::uint8_t properties = unicode::properties(c);
    all_properties |= properties;
    if (options_.clean_text && is_dropped(c, properties)) continue;
    if (options_.clean_text && (properties & unicode::kWhitespace) != 0) {
      characters_.push_back({U' ', first});
    } else if (options_.handle_chinese_chars && (properties & unicode::kCjk) != 0) {
      characters_.insert(characters_.end(), {{U' ', first}, {c, first}, {U' ', first}});
    } else {
      characters_.push_back({c, first});
    }
  }
  return all_properties;
}

// NFD without nonspacing marks. Combining marks are put in canonical order; their sources keep the
// order of the text, as the reference's alignments do.
void Normalizer::decompose_and_strip() {
  next_.clear();
  consumed_ = 0;
  for (const NormalizedCharacter& character : characters_) {
    const unicode::Decomposition parts = unicode::decompose(character.character);
    for (int i = 0; i < parts.count; ++i) {
      const char32_t c = parts.characters[i];
      const std::uint8_t combining_class = unicode::combining_class(c);
      if (combining_class == 0) {
        put_marks();
        put(c, i > 0);
      } else {
        marks_.push_back({c, combining_class, i > 0});
      }
    }
  }
  put_marks();
  characters_.swap(next_);
}

void Normalizer::put_marks() {
  if (marks_.size() > 1) std::ranges::stable_sort(marks_, {}, &Mark::combining_class);
  for (const Mark& mark : marks_) put(mark.character, mark.is_inserted);
  marks_.clear();
}

void Normalizer::put(char32_t c, bool is_inserted) {
  if (!is_inserted) ++consumed_;
  if (unicode::is(c, unicode::kNonspacingMark)) return;
  next_.push_back({c, characters_[std::max<std::size_t>(consumed_, 1) - 1].source});
}

void Normalizer::lowercase() {
  std::size_t doubled = 0;  // U+0130, which alone becomes two, is left for later
  for (NormalizedCharacter& character : characters_) {
    if (!unicode::is(character.character, unicode::kHasLowercase)) continue;
    const unicode::Lowercase lower = unicode::lowercase(character.character);
    if (lower.count == 1) {
      character.character = lower.characters[0];
    } else {
      ++doubled;
    }
  }
  // From the end, each character moves once, to where those before it have room for two.
  std::size_t from = characters_.size();
  std::size_t to = from + doubled;
  characters_.resize(to);
  while (from < to) {
    const auto [c, source] = characters_[--from];
    const unicode::Lowercase lower = unicode::lowercase(c);
    if (lower.count == 2) characters_[--to] = {lower.characters[1], source};
    characters_[--to] = {lower.count == 2 ? lower.characters[0] : c, source};
  }
}

}  // namespace convbert
