// WordPiece (Schuster and Nakajima 2012; Devlin et al. 2019): the longest known piece first.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "text/encoding.h"
#include "text/vocab.h"
#include "text/words.h"

namespace convbert {

struct WordPieceOptions {
  std::string continuation_prefix = "##";
  // A longer word is unknown; at most kMostWordCharacters.
  std::size_t max_word_characters = 100;
};

// A token and the part of the original text that it stands for.
struct Token {
  std::int32_t id;
  Offsets offsets;
};

class WordPiece {
 public:
  // `vocab` must outlive the object.
  WordPiece(const Vocab& vocab, WordPieceOptions options, std::int32_t unknown_id);

  // Appends the pieces of one word, or one unknown token for all of it.
  void split(const Word& word, std::vector<Token>& tokens) const;

 private:
  // What the tokens that may come at one place of a word have in common.
  struct Place {
    Place(const Vocab& vocab, std::string prefix);
    std::string prefix;                      // is part of the token, not of the word
    Vocab::Hash hash;                        // of the prefix
    std::array<std::size_t, 256> longest{};  // bytes without the prefix, by the first of them
  };
  struct Piece {
    std::int32_t id;
    std::size_t length;  // bytes; 0 for none
  };
  Piece longest_piece(const Place& place, std::string_view rest) const;
  bool is_too_long(std::string_view word) const;

  const Vocab& vocab_;
  Place begin_;   // of a word
  Place inside_;  // behind another piece
  std::size_t max_word_characters_;
  std::int32_t unknown_id_;
};

}  // namespace convbert
