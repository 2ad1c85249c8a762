// WordPiece (Schuster and Nakajima 2012; Devlin et al. 2019): the longest known piece first.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "text/normalizer.h"
#include "text/vocab.h"

namespace convbert {

struct WordPieceOptions {
  std::string continuation_prefix = "##";
  std::size_t max_word_characters = 100;  // a longer word is unknown
};

// A token and the characters of its word that it stands for.
struct Piece {
  std::int32_t id;
  std::uint32_t begin;
  std::uint32_t end;
};

class WordPiece {
 public:
  // `vocab` must outlive the object.
  WordPiece(const Vocab& vocab, WordPieceOptions options, std::int32_t unknown_id)
      : vocab_(vocab), options_(std::move(options)), unknown_id_(unknown_id) {}

  // Appends the pieces of one word, or one unknown piece for all of it.
  void split(std::span<const NormalizedCharacter> word, std::vector<Piece>& pieces) const;

 private:
  const Vocab& vocab_;
  WordPieceOptions options_;
  std::int32_t unknown_id_;
};

}  // namespace convbert
