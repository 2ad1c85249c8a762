// A text that is given as its words, as labelled data for taggers is.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "text/encoding.h"

namespace convbert {

// The words with a space between them, whose tokens are those of each word by itself (Hugging
// Face's is_split_into_words), and where each word lies in it, in code points.
struct JoinedWords {
  std::string text;
  std::vector<Offsets> places;
};
// The words must be well-formed UTF-8.
JoinedWords join_words(std::span<const std::string> words);

// Of each word, the number of its first token in an encoding of the text that was made of them
// alone; -1 for one that has none, as it was cut off or is of characters that the tokenizer drops.
std::vector<std::int64_t> first_tokens(const Encoding& encoding, std::span<const Offsets> places);

}  // namespace convbert
