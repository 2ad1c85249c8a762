// The words of a text, each in normal form: what comes before WordPiece in a tokenizer, and what is
// counted where a vocabulary is learnt.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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
  // Words of ASCII are copied as they are. All else is normalised in stretches that end at a space
  // or punctuation of ASCII: nothing acts across one, be it a combining mark.
  template <class Visit>
  std::uint32_t split(std::string_view text, std::uint32_t source, Visit visit) {
    const std::size_t end = text.size();
    for (std::size_t begin = 0; begin < end;) {
      std::size_t word_end = begin;
      while (word_end < end && rules_.kind(text[word_end]) == Kind::letter) ++word_end;
      const Kind next = word_end < end ? rules_.kind(text[word_end]) : Kind::space;
      if (next == Kind::other) {
        while (word_end < end && !is_boundary(rules_.kind(text[word_end]))) ++word_end;
        const std::string_view stretch = text.substr(begin, word_end - begin);
        visit_normalized(normalizer_.normalize(stretch, source), visit);
        source += static_cast<std::uint32_t>(count_code_points(stretch));
        begin = word_end;
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

  // The same of a text, or a part of one, that has been normalised.
  template <class Visit>
  void visit_normalized(std::span<const NormalizedCharacter> characters, Visit visit) {
    for_each_word(characters, [&](std::span<const NormalizedCharacter> word) {
      word_.clear();
      sources_.clear();
      for (const auto& [character, source] : word) {
        append_utf8(word_, character);
        sources_.resize(word_.size(), source);
      }
      visit(Word{.bytes = word_, .sources = sources_});
    });
  }

  Normalizer& normalizer() { return normalizer_; }

 private:
  using Kind = AsciiRules::Kind;
  static bool is_boundary(Kind kind) { return kind == Kind::space || kind == Kind::punctuation; }

  template <class Visit>
  void visit_ascii(std::string_view word, std::uint32_t source, Visit& visit) {
    word_.resize(word.size());
    for (std::size_t i = 0; i < word.size(); ++i) word_[i] = rules_.lowercase(word[i]);
    visit(Word{.bytes = word_, .sources = {}, .first_source = source});
  }

  const AsciiRules& rules_;
  Normalizer normalizer_;
  std::string word_;  // in normal form
  std::vector<std::uint32_t> sources_;
};

}  // namespace convbert
