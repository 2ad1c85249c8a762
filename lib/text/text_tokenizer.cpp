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
        split_normalized(span.end);
      }
    });
    const std::size_t total = dropped_ + tokens_.size();
    return {std::move(tokens_), total};
  }

 private:
  static constexpr std::size_t kMostReserved = 1 << 12;    // tokens
  static constexpr std::size_t kPartCharacters = 1 << 14;  // of a normal form, held at a time

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

  // Looks for added tokens in the normal form of what comes before `end`, and moves there.
  void split_normalized(std::size_t end) {
    const auto visit = [this](const Word& word) { add_word(word); };
    std::vector<NormalizedCharacter> waiting;  // characters that have not been split
    std::size_t enough = kPartCharacters;
    while (position_ < end) {
      std::span<const NormalizedCharacter> form = normalize_piece(end);
      const bool is_last = position_ == end;
      if (!is_last || !waiting.empty()) {  // a short text is split where it lies
        waiting.insert(waiting.end(), form.begin(), form.end());
        form = waiting;
      }
      if (!is_last && form.size() < enough) continue;
      const std::size_t done = split_form(form, is_last, visit);
      if (is_last) break;
      waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(done));
      enough = std::max(2 * waiting.size(), kPartCharacters);
    }
    splitter_.finish_normalized(visit);
  }

  // Moves behind the piece, to `end` at most.
  std::span<const NormalizedCharacter> normalize_piece(std::size_t end) {
    const std::size_t most = std::min(position_ + WordSplitter::kPieceBytes, end);
    Normalizer& normalizer = splitter_.normalizer();
    const std::size_t piece_end = normalizer.next_boundary(text_.substr(0, end), most);
    const std::uint32_t first = source_;
    const std::string_view piece = text_.substr(position_, piece_end - position_);
    move_to(piece_end);
    return normalizer.normalize(piece, first);
  }

  // Returns how many characters are done: those before a cut, unless the form is the last part.
  template <class Visit>
  std::size_t split_form(std::span<const NormalizedCharacter> form, bool is_last, Visit visit) {
    std::string bytes;
    std::vector<std::size_t> character_at;  // of the byte that it begins with
    for (std::size_t i = 0; i < form.size(); ++i) {
      append_utf8(bytes, form[i].character);
      character_at.resize(bytes.size(), i);
    }
    character_at.push_back(form.size());
    const AddedTokenMatcher& matcher = tokenizer_.normalized_matcher_;
    const std::size_t end = is_last ? bytes.size() : matcher.find_cut(bytes);
    matcher.split(std::string_view(bytes).substr(0, end), [&](const TextSpan& span) {
      const std::size_t begin = character_at[span.begin];
      const auto part = form.subspan(begin, character_at[span.end] - begin);
      if (span.id == TextSpan::kNoToken) {
        splitter_.add_normalized(part, visit);
      } else {
        splitter_.finish_normalized(visit);
        add_token({span.id, {part.front().source, part.back().source + 1}});
      }
    });
    return character_at[end];
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
