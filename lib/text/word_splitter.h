// The words of a text, each in normal form: what comes before WordPiece in a tokenizer, and what is
// counted where a vocabulary is learnt.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/utf8.h"
#include "text/ascii_rules.h"
#include "text/normalizer.h"
#include "text/words.h"

namespace convbert {

// Keeps its memory from text to text; one thread's at a time.
class WordSplitter {
 public:
  // `rules`, those of the same options, must outlive the object.
  WordSplitter(const NormalizerOptions& options, const AsciiRules& rules)
      : rules_(rules), normalizer_(options) {}

  // Calls visit(word) for each word of well-formed UTF-8 whose first code point is number `source`
  // of the original text; a word is valid during the call. Returns the number of the code point
  // behind the text.
  // Words of ASCII are copied as they are; all else is normalised, a word that holds such a
  // character and the text behind it up to a space or punctuation of ASCII, piece by piece.
  template <class Visit>
  std::uint32_t split(std::string_view text, std::uint32_t source, Visit visit) {
    const std::size_t end = text.size();
    for (std::size_t begin = 0; begin < end;) {
      std::size_t word_end = begin;
      while (word_end < end && rules_.kind(text[word_end]) == Kind::letter) ++word_end;
      const Kind next = word_end < end ? rules_.kind(text[word_end]) : Kind::space;
      if (next == Kind::other) {
        const Place behind = visit_stretch(text, {begin, source}, visit);
        begin = behind.byte;
        source = behind.code_point;
        continue;
      }
      if (word_end > begin) visit_ascii(text.substr(begin, word_end - begin), source, visit);
      source += static_cast<std::uint32_t>(word_end - begin);
      begin = word_end;
      if (begin == end) break;
      if (next == Kind::punctuation) visit_ascii(text.substr(begin, 1), source, visit);
      ++source;
      ++begin;
    }
    return source;
  }

  // The same of a text that has been normalised, in parts: a word is visited once it is known where
  // it ends.
  template <class Visit>
  void add_normalized(std::span<const NormalizedCharacter> part, Visit visit) {
    words_.add(part, visit);
  }
  template <class Visit>
  void finish_normalized(Visit visit) {
    words_.finish(visit);
  }

  Normalizer& normalizer() { return normalizer_; }

  // What is worth normalising at a time.
  static constexpr std::size_t kPieceBytes = 1 << 12;

 private:
  using Kind = AsciiRules::Kind;

  bool is_boundary(char byte) const {
    const Kind kind = rules_.kind(byte);
    return kind == Kind::space || kind == Kind::punctuation;
  }

  // In the text that is split, and in the original one.
  struct Place {
    std::size_t byte;
    std::uint32_t code_point;
  };

  // What lies between a place and the next space or punctuation of ASCII, which is returned.
  template <class Visit>
  Place visit_stretch(std::string_view text, Place at, Visit& visit) {
    do {
      const std::string_view piece = text.substr(at.byte, piece_end(text, at.byte) - at.byte);
      words_.add(normalizer_.normalize(piece, at.code_point), visit);
      at.byte += piece.size();
      at.code_point += static_cast<std::uint32_t>(count_code_points(piece));
    } while (at.byte < text.size() && !is_boundary(text[at.byte]));
    words_.finish(visit);
    return at;
  }

  // Of what is normalised at a time: a boundary of ASCII, or the first other one behind
  // kPieceBytes.
  std::size_t piece_end(std::string_view text, std::size_t begin) const {
    const std::size_t most = std::min(text.size(), begin + kPieceBytes);
    std::size_t end = begin;
    while (end < most && !is_boundary(text[end])) ++end;
    return end < most ? end : normalizer_.next_boundary(text, end);
  }

  template <class Visit>
  void visit_ascii(std::string_view word, std::uint32_t source, Visit& visit) {
    ascii_word_.resize(word.size());
    for (std::size_t i = 0; i < word.size(); ++i) ascii_word_[i] = rules_.lowercase(word[i]);
    visit(Word{.bytes = ascii_word_, .sources = {}, .first_source = source});
  }

  const AsciiRules& rules_;
  Normalizer normalizer_;
  WordBuilder words_;
  std::string ascii_word_;  // in normal form
};

}  // namespace convbert
