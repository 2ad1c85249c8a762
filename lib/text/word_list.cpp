#include "text/word_list.h"

#include "core/utf8.h"

namespace convbert {

JoinedWords join_words(std::span<const std::string> words) {
  JoinedWords joined;
  std::uint32_t end = 0;
  for (const std::string& word : words) {
    if (!joined.places.empty()) {
      joined.text += ' ';
      ++end;
    }
    const auto length = static_cast<std::uint32_t>(count_code_points(word));
    joined.places.push_back({end, end + length});
    joined.text += word;
    end += length;
  }
  return joined;
}

std::vector<std::int64_t> first_tokens(const Encoding& encoding, std::span<const Offsets> places) {
  std::vector<std::int64_t> first(places.size(), -1);
  std::size_t word = 0;
  for (std::size_t i = 0; i < encoding.size(); ++i) {
    if (encoding.special_mask[i] != 0) continue;
    const std::uint32_t begin = encoding.offsets[i].begin;
    while (word < places.size() && begin >= places[word].end) ++word;
    if (word == places.size()) break;
    if (first[word] < 0) first[word] = static_cast<std::int64_t>(i);
  }
  return first;
}

}  // namespace convbert
