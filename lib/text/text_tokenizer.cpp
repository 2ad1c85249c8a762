#include "text/text_tokenizer.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "core/utf8.h"
#include "text/word_splitter.h"

namespace convbert {

// One text on its way, with the memory that this takes.
class TextTokenizer::Pass {
 public:
  Pass(const TextTokenizer& tokenizer, std::string_view text, std::size_t most)
      : tokenizer_(tokenizer),
        text_(text),
        most_(most),
        splitter_(tokenizer.normalizer_, tokenizer.ascii_) {
    tokens_.reserve(std::min(text.size() / 4 + 8, kMostReserved));
  }

  TokenRun run() {
    tokenizer_.raw_matcher_.split(text_, [&](const TextSpan& span) {
      move_to(span.begin);
      if (span.id != TextSpan::kNoToken) {
        const std::uint32_t begin = source_;
        move_to(span.end);
        add_token({span.id, {begin, source_}});
      } else if (tokenizer_.normalized_matcher_.empty()) {
        const std::string_view stretch = text_.substr(position_, span.end - position_);
        position_ = span.end;
        source_ = splitter_.split(stretch, source_, [this](const Word& word) { add_word(word); });
      } else {
        split_normalized(normalize_until(span.end));
      }
    });
    const std::size_t total = dropped_ + tokens_.size();
    return {std::move(tokens_), total};
  }

 private:
  static constexpr std::size_t kMostReserved = 1 << 12;  // tokens

  void add_word(const Word& word) {
    tokenizer_.wordpiece_.split(word, tokens_);
    drop_surplus();
  }

  void add_token(const Token& token) {
    tokens_.push_back(token);
    drop_surplus();
  }

  void drop_surplus() {
    if (tokens_.size() <= most_) return;
    dropped_ += tokens_.size() - most_;
    tokens_.resize(most_);
  }

  // Normalises from here to `end`, and moves there.
  std::span<const NormalizedCharacter> normalize_until(std::size_t end) {
    const std::uint32_t first = source_;
    const std::string_view stretch = text_.substr(position_, end - position_);
    move_to(end);
    return splitter_.normalizer().normalize(stretch, first);
  }

  // Looks for added tokens in the normal form of a stretch.
  void split_normalized(std::span<const NormalizedCharacter> characters) {
    std::string bytes;
    std::vector<std::size_t> character_at;  // of the byte that it begins with
    for (std::size_t i = 0; i < characters.size(); ++i) {
      append_utf8(bytes, characters[i].character);
      character_at.resize(bytes.size(), i);
    }
    character_at.push_back(characters.size());
    tokenizer_.normalized_matcher_.split(bytes, [&](const TextSpan& span) {
      const std::size_t begin = character_at[span.begin];
      const auto part = characters.subspan(begin, character_at[span.end] - begin);
      if (span.id == TextSpan::kNoToken) {
        splitter_.visit_normalized(part, [this](const Word& word) { add_word(word); });
      } else {
        add_token({span.id, {part.front().source, part.back().source + 1}});
      }
    });
  }

  // Back only where an added token takes white space that another has taken before.
  void move_to(std::size_t position) {
    if (position >= position_) {
      source_ += code_points(position_, position);
    } else {
      source_ -= code_points(position, position_);
    }
    position_ = position;
  }

  std::uint32_t code_points(std::size_t begin, std::size_t end) const {
    return static_cast<std::uint32_t>(count_code_points(text_.substr(begin, end - begin)));
  }

  const TextTokenizer& tokenizer_;
  std::string_view text_;
  std::size_t most_;          // tokens that are kept
  std::size_t dropped_ = 0;   // and those that were not
  std::size_t position_ = 0;  // in bytes
  std::uint32_t source_ = 0;  // the same place in code points
  WordSplitter splitter_;
  std::vector<Token> tokens_;
};

TextTokenizer::TextTokenizer(const Vocab& vocab, const Parts& parts)
    : normalizer_(parts.normalizer),
      ascii_(parts.normalizer),
      wordpiece_(vocab, parts.wordpiece, parts.unknown_id) {
  std::vector<AddedToken> raw;
  std::vector<AddedToken> normalized;
  for (const AddedToken& token : parts.added_tokens) {
    (token.normalized ? normalized : raw).push_back(token);
  }
  raw_matcher_ = AddedTokenMatcher(std::move(raw));
  normalized_matcher_ = AddedTokenMatcher(std::move(normalized));
}

TokenRun TextTokenizer::tokenize(std::string_view text, std::size_t most) const {
  return Pass(*this, text, most).run();
}

}  // namespace convbert
