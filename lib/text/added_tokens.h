// Tokens that are found in the text before WordPiece sees it: [MASK], [SEP] and the like, and
// whatever a model adds.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace convbert {

struct AddedToken {
  std::string content{};  // UTF-8, not empty
  std::int32_t id = 0;
  bool special = false;
  bool normalized = false;   // looked for in the normalised text, in its own normal form
  bool single_word = false;  // not inside a word
  bool lstrip = false;       // takes white space before it along
  bool rstrip = false;       // and behind it
};

// Part of a text: an added token, or what lies between.
struct TextSpan {
  std::size_t begin;
  std::size_t end;
  std::int32_t id;  // of the added token, or kNoToken
  static constexpr std::int32_t kNoToken = -1;
};

// Finds a set of tokens in a text, leftmost first, longest where several begin at one place.
class AddedTokenMatcher {
 public:
  // `content` is what to look for, which the caller may have normalised.
  void add(const AddedToken& token, std::u32string content);
  bool empty() const { return by_first_.empty(); }

  // Cuts `text` into added tokens and the rest, in order, nothing left out or empty.
  std::vector<TextSpan> split(std::u32string_view text) const;

 private:
  struct Entry {
    std::u32string content;
    AddedToken token;
  };
  const Entry* longest_at(std::u32string_view text, std::size_t position) const;

  std::unordered_map<char32_t, std::vector<Entry>> by_first_;  // each list longest first
};

}  // namespace convbert
