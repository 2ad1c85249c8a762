// The splits before WordPiece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/utf8.h"
#include "text/normalizer.h"
#include "text/unicode.h"

namespace convbert {

// Longer words are unknown, whatever the model says: a word's work grows with its square. Usual is
// 100.
inline constexpr std::size_t kMostWordCharacters = 1000;

// A word in normal form, as UTF-8. One that is longer than kMostWordCharacters may lack some of
// what lies between the first so many and the last.
struct Word {
  std::string_view bytes;  // not empty
  // The place in the original text, in code points, of each byte's character. Where there are
  // none: the first byte's, and the others follow one by one.
  std::span<const std::uint32_t> sources;
  std::uint32_t first_source = 0;

  std::uint32_t source(std::size_t byte) const {
    return sources.empty() ? first_source + static_cast<std::uint32_t>(byte) : sources[byte];
  }
};

// Words out of a normalised text, which may come in parts: they are separated by white space, and
// each punctuation character is a word of its own (the reference's BertPreTokenizer).
// Keeps its memory from text to text.
class WordBuilder {
 public:
  // Calls visit(word) for each word that is complete; a word is valid during the call.
  template <class Visit>
  void add(std::span<const NormalizedCharacter> characters, Visit& visit) {
    for (const auto& [character, source] : characters) {
      const std::uint8_t properties = unicode::properties(character);
      if ((properties & (unicode::kWhitespace | unicode::kPunctuation)) == 0) {
        append(character, source);
        continue;
      }
      finish(visit);
      if ((properties & unicode::kPunctuation) == 0) continue;
      append(character, source);
      finish(visit);
    }
  }

  // The text, or the word, ends here.
  template <class Visit>
  void finish(Visit& visit) {
    if (bytes_.empty()) return;
    visit(Word{.bytes = bytes_, .sources = sources_});
    bytes_.clear();
    sources_.clear();
  }

 private:
  static constexpr std::size_t kMostBytes = kMaxUtf8Length * kMostWordCharacters;

  // Behind more than kMostWordCharacters each takes the last one's place.
  void append(char32_t character, std::uint32_t source) {
    if (bytes_.size() > kMostBytes) {
      bytes_.resize(previous_utf8(bytes_, bytes_.size()));
      sources_.resize(bytes_.size());
    }
    append_utf8(bytes_, character);
    sources_.resize(bytes_.size(), source);
  }

  std::string bytes_;
  std::vector<std::uint32_t> sources_;
};

}  // namespace convbert
