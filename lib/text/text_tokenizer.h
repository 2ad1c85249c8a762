// One text to tokens: added tokens, normalisation, words, WordPiece. Truncation and the template
// around the tokens come later, in Tokenizer.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "text/added_tokens.h"
#include "text/ascii_rules.h"
#include "text/normalizer.h"
#include "text/vocab.h"
#include "text/wordpiece.h"

namespace convbert {

// The first tokens of a text, and how many all of it has.
struct TokenRun {
  std::vector<Token> tokens;
  std::size_t total = 0;
};

// Const after construction; threads may share it.
class TextTokenizer {
 public:
  struct Parts {
    NormalizerOptions normalizer;
    WordPieceOptions wordpiece;
    std::int32_t unknown_id;
    std::vector<AddedToken> added_tokens;  // those to look for in normalised text in normal form
  };
  TextTokenizer(const Vocab& vocab, const Parts& parts);

  // `text` must be well-formed UTF-8. Keeps `most` tokens at most, and counts the rest.
  TokenRun tokenize(std::string_view text, std::size_t most) const;

 private:
  class Pass;

  NormalizerOptions normalizer_;
  AsciiRules ascii_;
  WordPiece wordpiece_;
  AddedTokenMatcher raw_matcher_;         // in the text as it is
  AddedTokenMatcher normalized_matcher_;  // in its normal form
};

}  // namespace convbert
