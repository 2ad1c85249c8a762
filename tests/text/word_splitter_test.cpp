// Words that are normalised piece by piece are those of the whole text.
#include "text/word_splitter.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace convbert {
namespace {

struct FoundWord {
  std::string bytes;
  std::vector<std::uint32_t> sources;  // of each byte
  bool operator==(const FoundWord&) const = default;
};

std::vector<FoundWord> words_of(const std::string& text, const NormalizerOptions& options) {
  const AsciiRules rules(options);
  WordSplitter splitter(options, rules);
  std::vector<FoundWord> words;
  splitter.split(text, 0, [&](const Word& word) {
    words.push_back({std::string(word.bytes), {}});
    for (std::size_t i = 0; i < word.bytes.size(); ++i) {
      words.back().sources.push_back(word.source(i));
    }
  });
  return words;
}

// The same of the text's normal form as a whole.
std::vector<FoundWord> whole_words_of(const std::string& text, const NormalizerOptions& options) {
  Normalizer normalizer(options);
  std::vector<FoundWord> words(1);
  for (const auto& [c, source] : normalizer.normalize(text, 0)) {
    const bool is_space = unicode::is(c, unicode::kWhitespace);
    const bool is_alone = is_space || unicode::is(c, unicode::kPunctuation);
    if (is_alone) words.emplace_back();
    if (!is_space) append_utf8(words.back().bytes, c);
    words.back().sources.resize(words.back().bytes.size(), source);
    if (is_alone) words.emplace_back();
  }
  std::erase(words, FoundWord{});
  return words;
}

bool are_same(const FoundWord& found, const FoundWord& expected) {
  if (count_code_points(expected.bytes) <= kMostWordCharacters) return found == expected;
  return count_code_points(found.bytes) > kMostWordCharacters &&
         found.sources.front() == expected.sources.front() &&
         found.sources.back() == expected.sources.back();
}

void check_pieces(const std::string& text, const NormalizerOptions& options) {
  const std::vector<FoundWord> found = words_of(text, options);
  const std::vector<FoundWord> expected = whole_words_of(text, options);
  CHECK(found.size() == expected.size());
  CHECK(std::ranges::equal(found, expected, are_same));
}

std::string random_text(std::u32string_view alphabet, std::mt19937& generator) {
  constexpr std::size_t kCharacters = 10'000;  // of several pieces
  std::uniform_int_distribution<std::size_t> place(0, alphabet.size() - 1);
  std::string text;
  for (std::size_t i = 0; i < kCharacters; ++i) append_utf8(text, alphabet[place(generator)]);
  return text;
}

std::u32string all_of_unicode() {
  std::u32string all;
  for (char32_t c = 0; c < 0x20000; ++c) {
    if (c < 0xD800 || c > 0xDFFF) all += c;
  }
  return all;
}

TEST_CASE("words of pieces are those of the whole text, wherever it may be cut") {
  const std::u32string alphabets[] = {
      // Marks of several classes, some that no category drops, some that hide in a starter.
      U"e\u00E9\u1E69\u0301\u0323\u0316\u0344\u0F71\u0F72\u0F73\u0F75\u0F81\u3099\u302E"
      U"\U0001D165\U0001D16D\U0001D15F\u3000",
      U"\u1112\u1161\u11AB\uAC00\uD55C\uAE00\u302E\u302F\u0301\u3002",
      U"\u0130I\u0131i\u03A3\u03C3\u03C2\u1E9E\u212B\u01C5\u0307\u2014",
      U"\u4E2D\u6587\uF900\uFA0E\U00020000\U0002F800\u3000\u3002\u3099\u302A",
      U"x\u200D\u200B\uFEFF\u00AD\u0001\u007F\uFFFD\uE000\u0301\u0323\U0001D165\u2028\u0600",
      all_of_unicode(),
  };
  std::mt19937 generator(7);
  for (const std::u32string& alphabet : alphabets) {
    for (int i = 0; i < 32; ++i) {
      CAPTURE(i);
      check_pieces(random_text(alphabet, generator), {.clean_text = (i & 1) != 0,
                                                      .handle_chinese_chars = (i & 2) != 0,
                                                      .strip_accents = (i & 4) != 0,
                                                      .lowercase = (i & 8) != 0});
    }
  }
}

TEST_CASE("a word without an end keeps its first characters and its last") {
  std::string text = "a ";
  for (int i = 0; i < 1'000'000; ++i) text += "\u0436";
  text += "\U00010428 b";
  const std::vector<FoundWord> words = words_of(text, {});
  REQUIRE(words.size() == 3);
  CHECK(words[1].bytes.size() < 10'000);
  CHECK(words[1].bytes.ends_with("\U00010428"));
  CHECK(count_code_points(words[1].bytes) > kMostWordCharacters);
  CHECK(words[1].sources.front() == 2);
  CHECK(words[1].sources.back() == 1'000'002);
  CHECK(words[2] == FoundWord{"b", {1'000'004}});
  check_pieces(text, {});
}

TEST_CASE("a run of marks is put in order as a whole, however long") {
  std::string text = "e";
  for (int i = 0; i < 10'000; ++i) {
    text += i % 40 == 39 ? "\U0001D165" : "\u0301\u0323";  // every 40th stays, between the others
  }
  check_pieces(text + "f", {});
}

}  // namespace
}  // namespace convbert
