#include "text/added_tokens.h"

#include <algorithm>

#include "text/unicode.h"

namespace convbert {
namespace {

bool is_space(char32_t c) { return unicode::is(c, unicode::kWhitespace); }

bool touches_word(std::u32string_view text, std::size_t begin, std::size_t end) {
  return (begin > 0 && unicode::is_word_character(text[begin - 1])) ||
         (end < text.size() && unicode::is_word_character(text[end]));
}

}  // namespace

void AddedTokenMatcher::add(const AddedToken& token, std::u32string content) {
  if (content.empty()) return;
  std::vector<Entry>& entries = by_first_[content.front()];
  const auto same = std::ranges::find(entries, content, &Entry::content);
  if (same != entries.end()) {
    same->token = token;  // the later definition counts
    return;
  }
  entries.push_back({std::move(content), token});
  std::ranges::stable_sort(entries, std::ranges::greater{},
                           [](const Entry& entry) { return entry.content.size(); });
}

const AddedTokenMatcher::Entry* AddedTokenMatcher::longest_at(std::u32string_view text,
                                                              std::size_t position) const {
  const auto entries = by_first_.find(text[position]);
  if (entries == by_first_.end()) return nullptr;
  const std::u32string_view rest = text.substr(position);
  const auto found = std::ranges::find_if(
      entries->second, [&](const Entry& entry) { return rest.starts_with(entry.content); });
  return found == entries->second.end() ? nullptr : &*found;
}

std::vector<TextSpan> AddedTokenMatcher::split(std::u32string_view text) const {
  std::vector<TextSpan> spans;
  std::size_t done = 0;  // all before it is in `spans`
  std::size_t position = 0;
  while (!empty() && position < text.size()) {
    const Entry* entry = longest_at(text, position);
    if (entry == nullptr) {
      ++position;
      continue;
    }
    std::size_t begin = position;
    std::size_t end = position + entry->content.size();
    position = end;
    if (entry->token.single_word && touches_word(text, begin, end)) continue;
    if (entry->token.lstrip) {
      while (begin > done && is_space(text[begin - 1])) --begin;
    }
    if (entry->token.rstrip) {
      while (end < text.size() && is_space(text[end])) ++end;
    }
    begin = std::max(begin, done);
    if (begin > done) spans.push_back({done, begin, TextSpan::kNoToken});
    spans.push_back({begin, end, entry->token.id});
    done = end;
  }
  if (done < text.size()) spans.push_back({done, text.size(), TextSpan::kNoToken});
  return spans;
}

}  // namespace convbert
