#include "text/added_tokens.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"
#include "text/unicode.h"

namespace convbert {
namespace {

char32_t code_point_at(std::string_view text, std::size_t position) {
  return decode_utf8(text, position);
}

bool is_space_at(std::string_view text, std::size_t position) {
  return unicode::is(code_point_at(text, position), unicode::kWhitespace);
}

bool touches_word(std::string_view text, std::size_t begin, std::size_t end) {
  const auto is_word_at = [&](std::size_t position) {
    return unicode::is_word_character(code_point_at(text, position));
  };
  return (begin > 0 && is_word_at(previous_utf8(text, begin))) ||
         (end < text.size() && is_word_at(end));
}

bool is_white_space(std::string_view text) {
  for (std::size_t position = 0; position < text.size();) {
    if (!unicode::is(decode_utf8(text, position), unicode::kWhitespace)) return false;
  }
  return true;
}

}  // namespace

AddedTokenMatcher::AddedTokenMatcher(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  std::erase_if(tokens_, [](const AddedToken& token) { return token.content.empty(); });
  // The later of equal ones first, as unique() keeps the first.
  std::ranges::reverse(tokens_);
  std::ranges::stable_sort(tokens_, {}, &AddedToken::content);
  const auto are_equal = [](const AddedToken& a, const AddedToken& b) {
    return a.content == b.content;
  };
  tokens_.erase(std::unique(tokens_.begin(), tokens_.end(), are_equal), tokens_.end());
  for (const AddedToken& token : tokens_) {
    is_first_byte_[static_cast<unsigned char>(token.content.front())] = true;
    takes_space_ = takes_space_ || token.lstrip || token.rstrip;
    if (token.content.size() > kMostAddedTokenBytes) {
      throw Error(ErrorKind::format, concat("added token ", token.id, " has ", token.content.size(),
                                            " bytes; expected at most ", kMostAddedTokenBytes));
    }
    if (token.rstrip && is_white_space(token.content)) {
      throw Error(ErrorKind::format, concat("added token ", token.id, ": \"rstrip\" of a token ",
                                            "that is white space itself is not supported"));
    }
  }
}

// Tokens with the same beginning are neighbours, the shortest first: each byte of the text leaves
// fewer of them.
const AddedToken* AddedTokenMatcher::longest_at(std::string_view text, std::size_t position) const {
  const std::string_view rest = text.substr(position);
  const AddedToken* longest = nullptr;
  auto first = tokens_.begin();
  auto last = tokens_.end();
  for (std::size_t length = 0;; ++length) {
    if (first != last && first->content.size() == length) longest = &*first++;
    if (first == last || length == rest.size()) return longest;
    if (last - first == 1) return rest.starts_with(first->content) ? &*first : longest;
    const auto byte_of = [length](const AddedToken& token) {
      return static_cast<unsigned char>(token.content[length]);
    };
    const auto byte = static_cast<unsigned char>(rest[length]);
    first = std::ranges::lower_bound(first, last, byte, {}, byte_of);
    last = std::ranges::upper_bound(first, last, byte, {}, byte_of);
  }
}

// Where no token touches, not even one that split() would pass over, and not inside white space
// that one may take along.
std::size_t AddedTokenMatcher::find_cut(std::string_view text) const {
  constexpr std::size_t kSearched = 2048;
  if (text.size() < kSearched) return 0;
  std::size_t position = previous_utf8(text, text.size() - kSearched + 1);
  const std::size_t first = position + kMostAddedTokenBytes;  // tokens from before may reach so far
  const std::size_t last = text.size() - kMostAddedTokenBytes;  // and those from here be cut short
  std::size_t reached = 0;  // by tokens that begin before `position`
  bool is_behind_space = true;
  while (position < last) {
    const bool is_space = is_space_at(text, position);
    if (const AddedToken* token = longest_at(text, position)) {
      reached = std::max(reached, position + token->content.size());
    } else if (position > first && position > reached &&
               !(takes_space_ && is_space && is_behind_space)) {
      return position;
    }
    is_behind_space = is_space;
    decode_utf8(text, position);
  }
  return 0;
}

std::optional<TextSpan> AddedTokenMatcher::find(std::string_view text, std::size_t done,
                                                std::size_t& position) const {
  for (; position < text.size(); ++position) {
    if (!is_first_byte_[static_cast<unsigned char>(text[position])]) continue;
    const AddedToken* token = longest_at(text, position);
    if (token == nullptr) continue;
    std::size_t begin = position;
    std::size_t end = position + token->content.size();
    if (token->single_word && touches_word(text, begin, end)) {
      position = end - 1;
      continue;
    }
    position = end;
    if (token->lstrip) {
      while (begin > done && is_space_at(text, previous_utf8(text, begin))) {
        begin = previous_utf8(text, begin);
      }
    }
    if (token->rstrip) {
      while (end < text.size() && is_space_at(text, end)) decode_utf8(text, end);
    }
    return TextSpan{begin, end, token->id};
  }
  return std::nullopt;
}

}  // namespace convbert
