// What normalisation and the splits before WordPiece do to ASCII, where each character stands for
// itself.
#pragma once

#include <array>
#include <cstdint>

#include "text/normalizer.h"

namespace convbert {

class AsciiRules {
 public:
  enum class Kind : std::uint8_t {
    letter,       // any character of a word
    space,        // separates words
    punctuation,  // a word by itself
    other,        // needs the Normalizer: not ASCII, or to be dropped
  };

  explicit AsciiRules(const NormalizerOptions& options);

  Kind kind(char byte) const { return kinds_[static_cast<unsigned char>(byte)]; }
  // The letter's normal form; itself where the options keep case.
  char lowercase(char letter) const { return lowercase_[static_cast<unsigned char>(letter)]; }

 private:
  std::array<Kind, 256> kinds_;
  std::array<char, 128> lowercase_;
};

}  // namespace convbert
