// Learns a WordPiece vocabulary as Hugging Face's WordPieceTrainer does: byte-pair encoding
// (Sennrich, Haddow and Birch 2016, algorithm 1) whose pieces inside a word begin with "##".
//
// Each word begins as its characters. The pair of neighbours that is the most frequent in all
// words, each as often as it was counted, becomes a token and is replaced by it wherever it stands;
// and so on, until there are enough tokens. Of pairs of one frequency the one with the lower ids
// comes first, that of its left side before that of its right.
//
// Ids: reserved tokens, characters by code point, the same with "##" where they occur inside a
// word, then the merged in their order. (The reference numbers those with "##" by the order of a
// hash table, so that, at equal frequency, it differs from itself from run to run.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "text/vocab.h"
#include "text/word_counter.h"

namespace convbert {

struct WordPieceTraining {
  std::size_t size = 30522;        // tokens at the most; kMostTokens, too, is a limit
  std::int64_t min_frequency = 2;  // of a pair that becomes a token
  // Distinct characters that are kept, the most frequent; of equal ones those with lower code
  // points. The others are taken out of the words that have them.
  std::size_t limit_alphabet = 1000;
  std::vector<std::string> reserved{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
};

// Called now and then with the number of tokens so far; false ends the learning.
using TrainingProgress = std::function<bool(std::size_t tokens)>;

// The tokens in the order of their ids; nothing where `progress` ended it. Takes time as the words'
// characters together, times their logarithm, and memory as WordCounter counts it, beside 10 MiB
// and some 200 bytes a token. Throws Error(usage) beginning with "size:" where that has no room for
// reserved tokens and characters, or would make a vocabulary larger than any that Vocab reads.
std::optional<std::vector<std::string>> learn_wordpieces(WordCounter words,
                                                         const WordPieceTraining& training,
                                                         const TrainingProgress& progress);

}  // namespace convbert
