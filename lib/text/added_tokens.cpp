#include "text/added_tokens.h"

#include <algorithm>
#include <functional>

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

}  // namespace

void AddedTokenMatcher::add(const AddedToken& token) {
  if (token.content.empty()) return;
  const auto same = std::ranges::find(tokens_, token.content, &AddedToken::content);
  if (same != tokens_.end()) {
    *same = token;  // the later definition counts
    return;
  }
  const auto shorter =
      std::ranges::upper_bound(tokens_, token.content.size(), std::ranges::greater{},
                               [](const AddedToken& other) { return other.content.size(); });
  tokens_.insert(shorter, token);
  is_first_byte_[static_cast<unsigned char>(token.content.front())] = true;
}

const AddedToken* AddedTokenMatcher::longest_at(std::string_view text, std::size_t position) const {
  const std::string_view rest = text.substr(position);
  const auto found = std::ranges::find_if(
      tokens_, [&](const AddedToken& token) { return rest.starts_with(token.content); });
  return found == tokens_.end() ? nullptr : &*found;
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
