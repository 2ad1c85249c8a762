// The splits before WordPiece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "text/normalizer.h"
#include "text/unicode.h"

namespace convbert {

// A word in normal form, as UTF-8.
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

// Calls visit(word) for each word of a normalised text: words are separated by white space, and
// each punctuation character is a word of its own (the reference's BertPreTokenizer).
template <class Visit>
void for_each_word(std::span<const NormalizedCharacter> text, Visit visit) {
  std::size_t begin = 0;
  const auto finish = [&](std::size_t end) {
    if (begin < end) visit(text.subspan(begin, end - begin));
    begin = end + 1;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::uint8_t properties = unicode::properties(text[i].character);
    if ((properties & (unicode::kWhitespace | unicode::kPunctuation)) == 0) continue;
    finish(i);
    if ((properties & unicode::kPunctuation) != 0) visit(text.subspan(i, 1));
  }
  finish(text.size());
}

}  // namespace convbert
