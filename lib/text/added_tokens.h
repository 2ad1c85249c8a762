// Tokens that are found in the text before WordPiece sees it: [MASK], [SEP] and the like, and
// whatever a model adds.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace convbert {

inline constexpr std::size_t kMostAddedTokenBytes = 256;

struct AddedToken {
  std::string content{};  // UTF-8, not empty
  std::int32_t id = 0;
  bool special = false;
  bool normalized = false;   // looked for in the normalised text, in its own normal form
  bool single_word = false;  // not inside a word
  bool lstrip = false;       // takes white space before it along
  bool rstrip = false;       // and behind it
};

// Part of a text, in bytes: an added token, or what lies between.
struct TextSpan {
  std::size_t begin;
  std::size_t end;
  std::int32_t id;  // of the added token, or kNoToken
  static constexpr std::int32_t kNoToken = -1;
};

// Finds a set of tokens in a text, leftmost first, longest where several begin at one place.
class AddedTokenMatcher {
 public:
  AddedTokenMatcher() = default;
  // Those without content are never found; of equal contents the last one counts. Throws
  // Error(format) for what makes a text's work grow faster than the text: a token that is too long,
  // and one of nothing but white space that takes more of it along.
  explicit AddedTokenMatcher(std::vector<AddedToken> tokens);
  bool empty() const { return tokens_.empty(); }

  // Calls visit(span) for added tokens and for the rest of `text`, well-formed UTF-8, in order,
  // nothing left out or empty. A token that begins with white space may begin inside that which
  // one before it took along.
  template <class Visit>
  void split(std::string_view text, Visit visit) const {
    std::size_t done = 0;
    std::size_t position = 0;  // all before it is known to hold no token, or visited
    while (const std::optional<TextSpan> token = find(text, done, position)) {
      if (token->begin > done) visit(TextSpan{done, token->begin, TextSpan::kNoToken});
      visit(*token);
      done = token->end;
    }
    if (done < text.size()) visit(TextSpan{done, text.size(), TextSpan::kNoToken});
  }

  // A place near the end of the text where it can be cut, whatever comes behind it: split() finds
  // in the two parts what it finds in the whole. 0: there is none.
  std::size_t find_cut(std::string_view text) const;

 private:
  // The first token at or after `position`, which is moved past the token's own text. It takes no
  // white space along from before `done`.
  std::optional<TextSpan> find(std::string_view text, std::size_t done,
                               std::size_t& position) const;
  // Of those that begin there; null for none.
  const AddedToken* longest_at(std::string_view text, std::size_t position) const;

  std::vector<AddedToken> tokens_;         // by their contents' bytes
  std::array<bool, 256> is_first_byte_{};  // of any of them
  bool takes_space_ = false;               // does any?
};

}  // namespace convbert
