// What a model's files and a text may ask of the tokenizer.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "text/normalizer.h"
#include "text/text_units.h"
#include "text/tokenizer.h"
#include "text/tokenizer_json.h"
#include "text/vocab.h"

namespace convbert {
namespace {

std::string times(std::size_t count, std::string_view part) {
  std::string whole;
  whole.reserve(count * part.size());
  for (std::size_t i = 0; i < count; ++i) whole += part;
  return whole;
}

template <class Step>
std::string refusal(Step step) {
  try {
    step();
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::format);
    return error.what();
  }
  return "accepted";
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TokenizerSpec plain_spec() {
  TokenizerSpec spec;
  spec.vocab = Vocab::from_lines("[UNK]\n[CLS]\n[SEP]\na\n##a\nb\nab\n!\n", "vocab.txt");
  spec.single = single_template(1, 2);
  spec.pair = pair_template(1, 2);
  return spec;
}

TEST_CASE("a vocabulary of tokens that share one slot of the hash table is refused") {
  constexpr int kTokens = 600;
  constexpr std::uint32_t kMask = 2047;  // slots of a table for so many, less one
  std::string lines;
  std::vector<std::pair<std::string, std::int32_t>> pairs;
  for (int number = 0; std::ssize(pairs) < kTokens; ++number) {
    const std::string token = std::to_string(number);
    Vocab::Hash hash;
    for (const char byte : token) hash.add(byte);
    if ((hash.value() & kMask) != 0) continue;
    lines += token + "\n";
    pairs.emplace_back(token, static_cast<std::int32_t>(pairs.size()));
  }
  const std::string reason = " shares its place in the hash table with more than 512 others";
  CHECK(contains(refusal([&] { Vocab::from_lines(lines, "file"); }), reason));
  CHECK(contains(refusal([&] { Vocab::from_pairs(pairs, "file"); }), reason));
  pairs.resize(500);
  CHECK(Vocab::from_pairs(pairs, "file").find(pairs.back().first) == pairs.back().second);
}

TEST_CASE("dotted capitals, each of which becomes two characters, take time by their number") {
  Normalizer normalizer({.strip_accents = false});
  const auto few = normalizer.normalize(
      "A\xC4\xB0"
      "B\xC4\xB0",
      5);
  std::u32string characters;
  std::vector<std::uint32_t> sources;
  for (const auto& [character, source] : few) {
    characters += character;
    sources.push_back(source);
  }
  CHECK(characters == U"ai\u0307bi\u0307");
  CHECK(sources == std::vector<std::uint32_t>{5, 6, 6, 7, 8, 8});
  CHECK(normalizer.normalize(times(1'000'000, "\xC4\xB0"), 0).size() == 2'000'000);
}

TEST_CASE("a limit cuts what the whole text gives, and counts the rest") {
  const Tokenizer tokenizer(plain_spec());
  const std::string first = "aaa ab b! ! aa xyz ab!!";
  const std::string second = "b ab aaaa !";
  const auto encode = [&](bool is_pair, const EncodeOptions& options) {
    return tokenizer.encode(first, is_pair ? std::optional<std::string_view>(second) : std::nullopt,
                            options);
  };
  for (const bool is_pair : {false, true}) {
    const Encoding whole = encode(is_pair, {.add_special_tokens = false});
    const auto size_of = [&](std::uint8_t sequence) {
      return std::ranges::count(whole.sequence, sequence);
    };
    for (const Truncation truncation :
         {Truncation::longest_first, Truncation::only_first, Truncation::only_second}) {
      for (std::int64_t limit = 1; limit <= static_cast<std::int64_t>(whole.size()) + 1; ++limit) {
        INFO("pair ", is_pair, ", limit ", limit);
        Encoding cut;
        try {
          cut =
              encode(is_pair,
                     {.add_special_tokens = false, .max_length = limit, .truncation = truncation});
        } catch (const Error& error) {
          CHECK(truncation != Truncation::longest_first);
          CHECK(contains(error.what(), "the text has " + std::to_string(whole.size())));
          continue;
        }
        CHECK(std::ssize(cut.ids) == std::min<std::int64_t>(limit, std::ssize(whole.ids)));
        CHECK(cut.truncated == std::ssize(whole.ids) - std::ssize(cut.ids));
        // Each text keeps its beginning.
        std::size_t of_first = 0;
        std::size_t of_second = static_cast<std::size_t>(size_of(0));
        for (std::size_t i = 0; i < cut.size(); ++i) {
          const std::size_t from = cut.sequence[i] == 0 ? of_first++ : of_second++;
          CHECK(cut.ids[i] == whole.ids[from]);
          CHECK(cut.offsets[i] == whole.offsets[from]);
        }
      }
    }
  }
}

TEST_CASE("an error names all the tokens of a text") {
  const Tokenizer tokenizer(plain_spec());
  std::string message;
  try {
    tokenizer.encode(times(1000, "! "), std::nullopt,
                     {.max_length = 8, .truncation = Truncation::error});
  } catch (const Error& error) {
    message = error.what();
  }
  CHECK(contains(message, "truncation error: the text has 1000 tokens, the limit is 6"));
}

TEST_CASE("offsets of a cut text convert") {
  const Tokenizer tokenizer(plain_spec());
  const std::string text = times(100, "\xF0\x9F\x98\x80 ");
  Encoding encoding =
      tokenizer.encode(text, std::nullopt, {.add_special_tokens = false, .max_length = 3});
  convert_offsets(encoding, text, std::nullopt, OffsetUnit::utf16);
  CHECK(encoding.offsets == std::vector<Offsets>{{0, 2}, {3, 5}, {6, 8}});
}

TEST_CASE("a vocabulary is bounded in tokens and in bytes") {
  const auto open = [](const std::string& text) { Vocab::from_lines(text, "vocab.txt"); };
  CHECK(refusal([&] { open(times(kMostTokens, "a\n")); }) == "accepted");
  CHECK(contains(refusal([&] { open(times(kMostTokens, "a\n") + "a"); }),
                 "vocab.txt: a vocabulary of 1048577 lines; expected at most 1048576"));
  CHECK(contains(refusal([&] { open(std::string(kMostVocabularyBytes + 1, 'a')); }),
                 "expected at most 16777216"));
}

TEST_CASE("tokens of a vocabulary that are no UTF-8 come out as such") {
  TokenizerSpec spec = plain_spec();
  spec.vocab = Vocab::from_lines("[UNK]\n[CLS]\n[SEP]\na\xFFz\n##\xC3\n", "vocab.txt");
  CHECK(Tokenizer(std::move(spec)).decode({3, 4}, false) == "a\xEF\xBF\xBDz\xEF\xBF\xBD");
}

TEST_CASE(
    "of added tokens with one beginning the longest is found, of equal ones the last counts") {
  TokenizerSpec spec = plain_spec();
  for (std::int32_t i = 0; i < 1000; ++i) {
    spec.added_tokens.push_back({.content = "<" + std::to_string(i), .id = 10 + i});
  }
  spec.added_tokens.push_back({.content = "<7", .id = 5000});
  const Tokenizer tokenizer(std::move(spec));
  const auto ids = [&](std::string_view text) {
    return tokenizer.encode(text, std::nullopt, {.add_special_tokens = false}).ids;
  };
  CHECK(ids("<12a<1<999<7<") == std::vector<std::int32_t>{22, 3, 11, 1009, 5000, 0});
  CHECK(ids(times(50'000, "<")).size() == 50'000);
}

TEST_CASE("added tokens that would make texts slow are refused") {
  const auto with = [](const AddedToken& token) {
    TokenizerSpec spec = plain_spec();
    spec.added_tokens = {token};
    const Tokenizer tokenizer(std::move(spec));
  };
  const std::string longest(kMostAddedTokenBytes, 'a');
  CHECK(refusal([&] { with({.content = longest, .id = 9}); }) == "accepted");
  CHECK(contains(refusal([&] { with({.content = longest + "a", .id = 9}); }),
                 "added token 9 has 257 bytes; expected at most 256"));
  CHECK(contains(refusal([&] { with({.content = " \t", .id = 9, .rstrip = true}); }),
                 "\"rstrip\" of a token that is white space"));
}

// tokenizer.json with some parts of it.
std::string tokenizer_json(const std::string& word_limit, const std::string& single,
                           const std::string& pair) {
  return R"({"model":{"type":"WordPiece","vocab":{"[UNK]":0,"a":1},"max_input_chars_per_word":)" +
         word_limit +
         R"(},"normalizer":{"type":"BertNormalizer"},"pre_tokenizer":{"type":"BertPreTokenizer"},)" +
         R"("post_processor":{"type":"TemplateProcessing","single":[)" + single + R"(],"pair":[)" +
         pair + R"(],"special_tokens":{"a":{"id":"a","ids":[1],"tokens":["a"]}}}})";
}

TEST_CASE("words and templates of tokenizer.json are bounded") {
  const std::string a = R"({"Sequence":{"id":"A","type_id":0}})";
  const std::string b = R"({"Sequence":{"id":"B","type_id":1}})";
  const std::string token = R"({"SpecialToken":{"id":"a","type_id":0}},)";
  const auto open = [&](const std::string& limit, const std::string& single,
                        const std::string& pair) {
    return refusal([&] { parse_tokenizer_json(tokenizer_json(limit, single, pair), "file"); });
  };
  CHECK(open("1000", times(63, token) + a, a + "," + b) == "accepted");
  CHECK(contains(open("1001", a, a + "," + b), "expected 1 to 1000, found 1001"));
  CHECK(contains(open("100", times(64, token) + a, a + "," + b), "of at most 64 pieces"));
  CHECK(contains(open("100", a + "," + a, a + "," + b), "\"single\": expected A once"));
  CHECK(contains(open("100", a, a), "\"pair\": expected A and B once"));
}

}  // namespace
}  // namespace convbert
