// Counting words, and learning pieces from them.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "core/error.h"
#include "text/word_counter.h"
#include "text/word_splitter.h"
#include "text/wordpiece_trainer.h"

namespace convbert {
namespace {

using Tokens = std::vector<std::string>;

constexpr std::size_t kPlenty = 1 << 24;

WordCounter counted(const std::vector<std::pair<std::string, int>>& words) {
  WordCounter counter(kPlenty);
  for (const auto& [word, count] : words) {
    for (int i = 0; i < count; ++i) counter.add(word);
  }
  return counter;
}

std::map<std::string, std::int64_t> counts_of(const WordCounter& counter) {
  std::map<std::string, std::int64_t> counts;
  counter.for_each(
      [&](std::string_view word, std::int64_t count) { counts[std::string(word)] = count; });
  return counts;
}

Tokens learn(WordCounter words, const WordPieceTraining& training) {
  return *learn_wordpieces(std::move(words), training, [](std::size_t) { return true; });
}

// Nothing is reserved, so that what is expected is short.
Tokens learn(const std::vector<std::pair<std::string, int>>& words, std::size_t size,
             std::int64_t min_frequency = 1, std::size_t limit_alphabet = 1000) {
  return learn(counted(words), {.size = size,
                                .min_frequency = min_frequency,
                                .limit_alphabet = limit_alphabet,
                                .reserved = {}});
}

// Many distinct words: "aaaaa", "baaaa", ... in letters as digits.
std::string numbered_word(int number) {
  std::string word;
  for (int i = 0; i < 5; ++i, number /= 26) word += static_cast<char>('a' + number % 26);
  return word;
}

TEST_CASE("words are counted in the order in which they first came") {
  const WordCounter counter = counted({{"b", 2}, {"a", 1}, {"\xC3\xA9t\xC3\xA9", 3}, {"b", 1}});
  std::vector<std::pair<std::string, std::int64_t>> found;
  counter.for_each(
      [&](std::string_view word, std::int64_t count) { found.emplace_back(word, count); });
  CHECK(found == decltype(found){{"b", 3}, {"a", 1}, {"\xC3\xA9t\xC3\xA9", 3}});
  CHECK(counter.size() == 3);
  CHECK(counter.figures().total == 7);
  CHECK(counter.figures().forgotten == 0);
}

TEST_CASE("counts stay right while the table grows") {
  WordCounter counter(WordCounter::kMostBytes);
  constexpr int kWords = 20'000;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < kWords; ++i) counter.add(numbered_word(i));
  }
  CHECK(counter.size() == kWords);
  const auto counts = counts_of(counter);
  CHECK(std::ranges::all_of(counts, [](const auto& entry) { return entry.second == 2; }));
}

TEST_CASE("a word of more than a hundred characters is left out, however many bytes they have") {
  std::string hundred;
  for (int i = 0; i < 100; ++i) hundred += "\xE4\xB8\x80";
  WordCounter counter(kPlenty);
  counter.add(hundred);
  counter.add(hundred + "a");
  CHECK(counts_of(counter) == std::map<std::string, std::int64_t>{{hundred, 1}});
  CHECK(counter.figures().too_long == 1);
  CHECK(counter.figures().total == 2);
}

TEST_CASE("where there is no more room the rarest words are forgotten, and the frequent stay") {
  WordCounter counter(WordCounter::kLeastBytes);
  const auto cost = WordCounter::kBytesOfWord + 5 + 5 * WordCounter::kBytesOfCharacter;
  const auto room = WordCounter::kLeastBytes / cost;
  for (int i = 0; i < 3; ++i) counter.add("often");
  for (int i = 0; i < 2; ++i) counter.add("twice");
  for (int i = 0; i < 50'000; ++i) {
    counter.add(numbered_word(i));
    CHECK_MESSAGE(counter.size() <= room, i);
  }
  const auto counts = counts_of(counter);
  CHECK(counts.at("often") == 3);
  CHECK(counts.at("twice") == 2);
  CHECK(counter.figures().most_forgotten == 1);
  CHECK(counter.figures().total == 50'005);
  // What is there and what was forgotten is all that was seen.
  std::int64_t there = 0;
  for (const auto& [word, count] : counts) there += count;
  CHECK(there + counter.figures().forgotten == counter.figures().total);
  CHECK(counts.at(numbered_word(49'999)) == 1);
}

TEST_CASE("words that are equally frequent are forgotten, too, where nothing else makes room") {
  WordCounter counter(WordCounter::kLeastBytes);
  for (int i = 0; i < 50'000; ++i) {
    counter.add(numbered_word(i));
    counter.add(numbered_word(i));
  }
  CHECK(counter.figures().most_forgotten == 2);
  CHECK(counter.size() < 50'000);
  const auto counts = counts_of(counter);
  CHECK(std::ranges::all_of(counts, [](const auto& entry) { return entry.second <= 2; }));
}

TEST_CASE("the most frequent pair becomes a token, with ## inside a word") {
  // low 5, lower 2, newest 6, widest 3: the example of the paper on byte-pair encoding.
  const Tokens tokens = learn({{"low", 5}, {"lower", 2}, {"newest", 6}, {"widest", 3}}, 10 + 8 + 4);
  Tokens expected{"d", "e",   "i",   "l",   "n",   "o",   "r",   "s",   "t",
                  "w", "##d", "##e", "##i", "##o", "##r", "##s", "##t", "##w"};
  // ##es 9, ##est 9, then lo 7 (of equal frequency, "l" has the lower id), low 7.
  for (const char* token : {"##es", "##est", "lo", "low"}) expected.emplace_back(token);
  CHECK(tokens == expected);
}

TEST_CASE("of pairs of one frequency the one with the lower ids comes first") {
  CHECK(learn({{"ba", 2}, {"ab", 2}}, 6) == Tokens{"a", "b", "##a", "##b", "ab", "ba"});
  CHECK(learn({{"ba", 2}, {"ab", 2}}, 5) == Tokens{"a", "b", "##a", "##b", "ab"});
  CHECK(learn({{"ab", 2}, {"aa", 2}}, 5) == Tokens{"a", "b", "##a", "##b", "aa"});
}

TEST_CASE("a pair that overlaps itself is merged from the left") {
  CHECK(learn({{"aaaaa", 1}}, 10) == Tokens{"a", "##a", "##aa", "aaa", "aaaaa"});
}

TEST_CASE("a pair rarer than asked for is no token") {
  const Tokens characters{"a", "b", "c", "##b", "##c"};
  CHECK(learn({{"ab", 3}, {"bc", 2}, {"cb", 1}}, 100, 4) == characters);
  Tokens two = characters;
  two.insert(two.end(), {"ab", "bc"});
  CHECK(learn({{"ab", 3}, {"bc", 2}, {"cb", 1}}, 100, 2) == two);
}

TEST_CASE("a token that two pairs form is there once") {
  // "abc" of ab + ##c and of a + ##bc.
  const Tokens tokens = learn({{"ab", 9}, {"xbc", 8}, {"abc", 5}, {"ybc", 8}, {"abcd", 4}}, 100);
  std::map<std::string, int> times;
  for (const std::string& token : tokens) ++times[token];
  CHECK(std::ranges::all_of(times, [](const auto& entry) { return entry.second == 1; }));
  CHECK(times["abcd"] == 1);
}

TEST_CASE("the rarest characters are taken out of their words") {
  // z is dropped, so that of "azb" there remains a word of a and ##b.
  CHECK(learn({{"azb", 2}, {"ab", 1}, {"zb", 1}}, 100, 3, 2) == Tokens{"a", "b", "##b", "ab"});
  // Of equal ones those with lower code points stay.
  CHECK(learn({{"b", 1}, {"a", 1}, {"c", 1}}, 100, 1, 2) == Tokens{"a", "b"});
}

TEST_CASE("reserved tokens come first, in their order") {
  const Tokens tokens = learn(counted({{"ab", 2}}), {.size = 100});
  CHECK(tokens == Tokens{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "##b", "ab"});
}

TEST_CASE("a size without room for the characters is refused, with the least that has") {
  const WordPieceTraining training{.size = 7};
  try {
    learn(counted({{"ab", 2}}), training);
    FAIL("expected an error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    CHECK(std::string(error.what()).starts_with("size: expected at least 8"));
  }
  CHECK(learn(counted({{"ab", 2}}), {.size = 8}).size() == 8);
}

TEST_CASE("learning ends when it is told to") {
  int calls = 0;
  const auto tokens = learn_wordpieces(counted({{"abcdef", 2}}), {.size = 100}, [&](std::size_t) {
    ++calls;
    return false;
  });
  CHECK_FALSE(tokens);
  CHECK(calls == 1);
}

TEST_CASE("without a word there are the reserved tokens alone") {
  CHECK(learn(counted({}), {.size = 10}).size() == 5);
}

std::string words_of(std::string_view text, const NormalizerOptions& options) {
  const AsciiRules rules(options);
  WordSplitter splitter(options, rules);
  std::string words;
  splitter.split(text, 0, [&](const Word& word) {
    words += word.bytes;
    words += '|';
  });
  return words;
}

TEST_CASE("words are those of the tokenizer, in normal form") {
  CHECK(words_of("A caf\xC3\x89, \xE4\xB8\xAD\xE6\x96\x87!", {.lowercase = true}) ==
        "a|cafe|,|\xE4\xB8\xAD|\xE6\x96\x87|!|");
  CHECK(words_of("A caf\xC3\x89", {.lowercase = false}) == "A|caf\xC3\x89|");
  CHECK(words_of(" \t\n", {}).empty());
}

}  // namespace
}  // namespace convbert
