// A text whose normal form is searched in parts gives what it gives as a whole.
#include "text/added_tokens.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/utf8.h"
#include "text/tokenizer.h"

namespace convbert {
namespace {

struct Span {
  std::size_t begin;
  std::size_t end;
  std::int32_t id;
  bool operator==(const Span&) const = default;
};

// Appends what is found in `text`, which begins at byte `at`; what lies between is joined.
void append_spans(const AddedTokenMatcher& matcher, std::string_view text, std::size_t at,
                  std::vector<Span>& spans) {
  matcher.split(text, [&](const TextSpan& found) {
    const Span span{at + found.begin, at + found.end, found.id};
    const bool goes_on = !spans.empty() && spans.back().id == span.id && span.id < 0;
    if (goes_on) {
      spans.back().end = span.end;
    } else {
      spans.push_back(span);
    }
  });
}

std::string random_text(std::u32string_view alphabet, std::size_t characters,
                        std::mt19937& generator) {
  std::uniform_int_distribution<std::size_t> place(0, alphabet.size() - 1);
  std::string text;
  for (std::size_t i = 0; i < characters; ++i) append_utf8(text, alphabet[place(generator)]);
  return text;
}

TEST_CASE("at a cut nothing is lost, whatever the tokens and whatever comes behind it") {
  constexpr std::u32string_view kAlphabet = U"aaabb \t\u3000cd\u00E9\u4E2D.";
  std::mt19937 generator(3);
  const auto chance = [&](int in) {
    return std::uniform_int_distribution<int>(1, in)(generator) == 1;
  };
  int cuts = 0;
  for (int round = 0; round < 1000; ++round) {
    std::vector<AddedToken> tokens;
    for (std::int32_t id = 0; id < 4; ++id) {
      const std::size_t length =
          std::uniform_int_distribution<std::size_t>(1, chance(8) ? 80 : 4)(generator);
      tokens.push_back({.content = random_text(kAlphabet, length, generator),
                        .id = id,
                        .single_word = chance(3),
                        .lstrip = chance(8),
                        .rstrip = false});
      tokens.back().rstrip =
          tokens.back().content.find_first_of("abcd.") != std::string::npos && chance(8);
    }
    const AddedTokenMatcher matcher(tokens);
    // Runs of a token are long, so that one may lie where the text ends.
    std::string text = random_text(kAlphabet, 3000, generator);
    for (int i = 0; i < 100 && chance(2); ++i) text += tokens[0].content;
    const std::size_t cut = matcher.find_cut(text);
    if (cut == 0) continue;
    ++cuts;
    text += random_text(kAlphabet, 20, generator);
    std::vector<Span> whole;
    append_spans(matcher, text, 0, whole);
    std::vector<Span> parts;
    append_spans(matcher, std::string_view(text).substr(0, cut), 0, parts);
    append_spans(matcher, std::string_view(text).substr(cut), cut, parts);
    CHECK(parts == whole);
  }
  CHECK(cuts > 100);
}

TEST_CASE("there is no cut through what a token could be") {
  const AddedTokenMatcher matcher({{.content = "aa", .id = 1}});
  CHECK(matcher.find_cut(std::string(10'000, 'a')) == 0);
  CHECK(matcher.find_cut(std::string(10'000, 'b')) > 7'000);
  CHECK(matcher.find_cut(std::string(1'000, 'b')) == 0);  // too short to be worth it
}

TEST_CASE("long texts have the tokens that they have without added ones") {
  TokenizerSpec spec;
  spec.vocab =
      Vocab::from_lines("[UNK]\n[CLS]\n[SEP]\na\n##a\nb\n##b\nc\n##c\n.\n\u4E2D\n", "vocab.txt");
  const Tokenizer plain{TokenizerSpec(spec)};
  spec.added_tokens = {{.content = "never seen", .id = 99, .normalized = true}};
  const Tokenizer with_added(std::move(spec));
  std::mt19937 generator(4);
  for (const std::u32string_view alphabet :
       {U"aAbB\u00C9\u0301\u0323\u4E2D. ", U"abc", U"a\u0301\u0323\U0001D165", U"\u4E2D\u0130"}) {
    const std::string text = random_text(alphabet, 100'000, generator);
    const Encoding expected = plain.encode(text, std::nullopt, {.add_special_tokens = false});
    const Encoding found = with_added.encode(text, std::nullopt, {.add_special_tokens = false});
    CHECK(found.ids == expected.ids);
    CHECK(found.offsets == expected.offsets);
  }
}

TEST_CASE("an added token is found wherever it stands in a long text") {
  TokenizerSpec spec;
  spec.vocab = Vocab::from_lines("[UNK]\na\n##a\nb\nab\n", "vocab.txt");
  spec.added_tokens = {{.content = "New Ab", .id = 9, .normalized = true, .lstrip = true}};
  const Tokenizer tokenizer(std::move(spec));
  const std::string part = "a\u0301b  new ab aa\u4E2Dnew abb ";
  const auto encode = [&](const std::string& text) {
    return tokenizer.encode(text, std::nullopt, {.add_special_tokens = false});
  };
  const Encoding one = encode(part);
  std::string text;
  Encoding expected;
  std::uint32_t at = 0;
  for (int i = 0; i < 5'000; ++i) {
    text += part;
    expected.ids.insert(expected.ids.end(), one.ids.begin(), one.ids.end());
    for (const auto& [begin, end] : one.offsets) {
      expected.offsets.push_back({at + begin, at + end});
    }
    at += static_cast<std::uint32_t>(count_code_points(part));
  }
  const Encoding found = encode(text);
  CHECK(found.ids == expected.ids);
  CHECK(found.offsets == expected.offsets);
}

}  // namespace
}  // namespace convbert
