// The splits before WordPiece.
#pragma once

#include <cstddef>
#include <span>

#include "text/normalizer.h"
#include "text/unicode.h"

namespace convbert {

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
