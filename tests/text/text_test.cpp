#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "support/process.h"
#include "text/text_units.h"
#include "text/tokenizer.h"
#include "text/tokenizer_json.h"
#include "text/word_list.h"
#include "text/wordpiece.h"

namespace convbert {
namespace {

const std::string kVocab =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n##b\nab\nhey\nfoo\n.\n##c\nHey\n";

// A tokenizer from files that a test writes.
class TokenizerFiles {
 public:
  explicit TokenizerFiles(const std::string& vocab = kVocab) {
    if (!vocab.empty()) folder_.write("vocab.txt", vocab);
  }
  TokenizerFiles& with(const std::string& name, const std::string& content) {
    folder_.write(name, content);
    return *this;
  }
  Tokenizer open() const {
    return Tokenizer(read_tokenizer_spec(ModelFiles::directory(folder_.path())));
  }
  std::string error() const {
    try {
      open();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

 private:
  test::TemporaryFolder folder_;
};

std::string joined(const Tokenizer& tokenizer, std::string_view text) {
  std::string tokens;
  for (const std::string& token :
       tokenizer.tokens(tokenizer.encode(text, std::nullopt, {.add_special_tokens = false}))) {
    tokens += (tokens.empty() ? "" : " ") + token;
  }
  return tokens;
}

TEST_CASE("vocabulary lines lose white space at their ends, the last of equal ones counts") {
  const Vocab vocab = Vocab::from_lines("a\r\nb \t\n\nc\xC2\xA0\na\r\n d\ne", "vocab.txt");
  CHECK(vocab.size() == 7);
  CHECK(vocab.find("a") == 4);
  CHECK(vocab.find("b") == 1);
  CHECK(vocab.find("") == 2);
  CHECK(vocab.find("c") == 3);
  CHECK(vocab.find(" d") == 5);
  CHECK(vocab.find("e") == 6);
  CHECK_FALSE(vocab.token(0));  // its line was given again
  CHECK(vocab.token(4) == "a");
  CHECK_FALSE(vocab.token(7));
  CHECK_FALSE(vocab.token(-1));
}

TEST_CASE("a published vocabulary's oddities all load") {
  // CRLF line ends, duplicates, and bytes that are no UTF-8.
  std::string text = "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\n[MASK]\r\n";
  for (int i = 0; i < 1008; ++i) text += "\xC3\x83\xC2\xA9\r\n";
  text += "\xFF\xFE\r\nlast\r\n";
  const Vocab vocab = Vocab::from_lines(text, "vocab.txt");
  CHECK(vocab.size() == 5 + 1008 + 2);
  CHECK(vocab.find("\xC3\x83\xC2\xA9") == 5 + 1007);
  CHECK(vocab.find("last") == vocab.size() - 1);
}

TEST_CASE("the longest piece first, or one unknown for the whole word") {
  const Tokenizer tokenizer = TokenizerFiles().open();
  CHECK(joined(tokenizer, "ab") == "ab");
  CHECK(joined(tokenizer, "abb") == "ab ##b");
  CHECK(joined(tokenizer, "abc.b") == "ab ##c . b");
  CHECK(joined(tokenizer, "abx") == "[UNK]");
  CHECK(joined(tokenizer, "a" + std::string(99, 'b')).starts_with("ab ##b ##b"));
  CHECK(joined(tokenizer, "a" + std::string(100, 'b')) == "[UNK]");
}

// The definition, in so many words.
std::vector<std::int32_t> naive_pieces(const Vocab& vocab, const std::string& prefix,
                                       const std::string& word, std::int32_t unknown) {
  std::vector<std::int32_t> ids;
  for (std::size_t begin = 0; begin < word.size();) {
    std::size_t end = word.size();
    std::optional<std::int32_t> id;
    for (; end > begin; --end) {
      id = vocab.find((begin == 0 ? "" : prefix) + word.substr(begin, end - begin));
      if (id) break;
    }
    if (!id) return {unknown};
    ids.push_back(*id);
    begin = end;
  }
  return ids;
}

TEST_CASE("pieces are those of the definition") {
  std::mt19937 random(1);
  const auto random_word = [&](std::size_t longest) {
    std::string word(1 + random() % longest, ' ');
    for (char& c : word) c = "abc#"[random() % 4];
    return word;
  };
  int split = 0;
  for (const std::string prefix : {"##", "", "a", "\xC3\xA9"}) {
    for (int round = 0; round < 50; ++round) {
      std::string lines = "[UNK]\n";
      for (int i = 0; i < 40; ++i)
        lines += (random() % 2 == 0 ? prefix : "") + random_word(5) + '\n';
      const Vocab vocab = Vocab::from_lines(lines, "vocab.txt");
      const WordPiece wordpiece(vocab, {.continuation_prefix = prefix}, 0);
      for (int i = 0; i < 50; ++i) {
        const std::string word = random_word(12);
        std::vector<Token> tokens;
        wordpiece.split({.bytes = word, .sources = {}}, tokens);
        std::vector<std::int32_t> ids;
        std::uint32_t end = 0;
        for (const Token& token : tokens) {
          ids.push_back(token.id);
          CHECK(token.offsets.begin == end);
          end = token.offsets.end;
        }
        CHECK(end == word.size());
        CHECK(ids == naive_pieces(vocab, prefix, word, 0));
        if (ids.size() > 1) ++split;
      }
    }
  }
  CHECK(split > 500);
}

TEST_CASE("a piece ends between characters, whatever bytes the vocabulary has") {
  // U+00E9 is C3 A9, U+00E8 is C3 A8.
  const Vocab vocab =
      Vocab::from_lines("[UNK]\n\xC3\n##\xA9\n\xC3\xA9\n##\xC3\xA8\na\xC3\na\n", "vocab.txt");
  const WordPiece wordpiece(vocab, {}, 0);
  const auto ids = [&](std::string_view word) {
    const std::vector<std::uint32_t> sources(word.size(), 0);
    std::vector<Token> tokens;
    wordpiece.split({.bytes = word, .sources = sources}, tokens);
    std::vector<std::int32_t> list;
    for (const Token& token : tokens) list.push_back(token.id);
    return list;
  };
  CHECK(ids("\xC3\xA9") == std::vector<std::int32_t>{3});
  CHECK(ids("\xC3\xA8") == std::vector<std::int32_t>{0});
  CHECK(ids("\xC3\xA9\xC3\xA8") == std::vector<std::int32_t>{3, 4});
  CHECK(ids("a\xC3\xA8") == std::vector<std::int32_t>{6, 4});
  CHECK(ids("a\xC3\xA9") == std::vector<std::int32_t>{0});
}

TEST_CASE("words of ASCII come out as the normaliser makes them") {
  // An added token that is looked for in normal form sends every word through the normaliser.
  std::mt19937 random(2);
  for (const bool lowercase : {true, false}) {
    for (const bool clean : {true, false}) {
      TokenizerSpec spec;
      spec.vocab = Vocab::from_lines("[UNK]\na\nb\n##a\n##b\nab\nA\n##B\n.\n-\n##\x01\n", "vocab");
      spec.normalizer.lowercase = lowercase;
      spec.normalizer.clean_text = clean;
      spec.single = {{TemplatePiece::Kind::first_text, 0, 0}};
      const Tokenizer direct(spec);
      spec.added_tokens = {{.content = "never seen", .id = 99, .normalized = true}};
      const Tokenizer normalizing(spec);
      for (int i = 0; i < 2000; ++i) {
        std::string text;
        for (auto length = random() % 30; length > 0; --length) {
          static constexpr std::string_view kCharacters("abAB  .-\t\n\v\x01\0", 13);
          text += random() % 8 == 0 ? "\xCC\x81" : std::string(1, kCharacters[random() % 13]);
        }
        const EncodeOptions plain{.add_special_tokens = false};
        const Encoding expected = normalizing.encode(text, std::nullopt, plain);
        const Encoding found = direct.encode(text, std::nullopt, plain);
        CHECK(found.ids == expected.ids);
        CHECK(found.offsets == expected.offsets);
      }
    }
  }
}

TEST_CASE("special tokens are found in the text") {
  const Tokenizer tokenizer = TokenizerFiles().open();
  CHECK(joined(tokenizer, "a[MASK]b [SEP]") == "a [MASK] b [SEP]");
  CHECK(joined(tokenizer, "[mask]") == "[UNK] [UNK] [UNK]");
  const Encoding encoding = tokenizer.encode("a [SEP]");
  CHECK(encoding.special_mask == std::vector<std::uint8_t>{1, 0, 0, 1});  // the text's is no frame
}

TEST_CASE("added tokens keep their flags") {
  TokenizerFiles files;
  files.with("added_tokens.json", R"({"xyz":20,"H\u00c9Y":21})")
      .with("tokenizer_config.json",
            R"({"mask_token":{"content":"[MASK]","lstrip":true,"rstrip":false},
                "added_tokens_decoder":{"22":{"content":"w","single_word":true,"special":false,
                                              "normalized":false}},
                "additional_special_tokens":["[E1]"]})");
  const Tokenizer tokenizer = files.open();
  CHECK(tokenizer.size() == 24);
  const Encoding mask =
      tokenizer.encode("a  [MASK] b", std::nullopt, {.add_special_tokens = false});
  CHECK(mask.offsets == std::vector<Offsets>{{0, 1}, {1, 9}, {10, 11}});
  CHECK(joined(tokenizer, "aXYZb") == "a xyz b");  // in the normal form
  CHECK(joined(tokenizer, "he\xCC\x81y") == "hey");
  CHECK(tokenizer.encode("h\xC3\xA9y").ids[1] == 21);
  CHECK(tokenizer.encode("w").ids[1] == 22);
  CHECK(joined(tokenizer, "aw") == "[UNK]");     // whole words only
  CHECK(tokenizer.encode("[E1]").ids[1] == 23);  // the next free id
}

TEST_CASE("added tokens beside characters of several bytes") {
  TokenizerFiles files;
  files.with(
      "tokenizer_config.json",
      R"({"mask_token":{"content":"[MASK]","lstrip":true,"rstrip":true,"single_word":true}})");
  const Tokenizer tokenizer = files.open();
  const auto offsets = [&](std::string_view text) {
    return tokenizer.encode(text, std::nullopt, {.add_special_tokens = false}).offsets;
  };
  // Ideographic spaces go along; a letter next to it makes it part of a word.
  CHECK(offsets("\xC3\xA9 \xE3\x80\x80[MASK]\xE3\x80\x80 a") ==
        std::vector<Offsets>{{0, 1}, {1, 11}, {11, 12}});
  CHECK(offsets("\xC3\xA9[MASK]").size() == 4);
  CHECK(offsets("[MASK]\xC3\xA9").size() == 4);
}

TEST_CASE("a token of white space may lie in what another took along") {
  TokenizerSpec spec;
  spec.vocab = Vocab::from_lines("[UNK]\na\nb\n", "vocab.txt");
  spec.added_tokens = {{.content = "<x>", .id = 3, .rstrip = true}, {.content = "  ", .id = 4}};
  spec.single = {{TemplatePiece::Kind::first_text, 0, 0}};
  const Encoding encoding = Tokenizer(spec).encode("a<x>   b");
  CHECK(encoding.ids == std::vector<std::int32_t>{1, 3, 4, 2});
  CHECK(encoding.offsets == std::vector<Offsets>{{0, 1}, {1, 7}, {4, 6}, {7, 8}});
}

TEST_CASE("settings change what normalisation does") {
  const auto tokens_with = [](const std::string& config, std::string_view text) {
    return joined(TokenizerFiles().with("tokenizer_config.json", config).open(), text);
  };
  CHECK(tokens_with("{}", "H\xC3\xA9y") == "hey");
  CHECK(tokens_with(R"({"do_lower_case":false})", "Hey") == "Hey");
  CHECK(tokens_with(R"({"do_lower_case":false})", "H\xC3\xA9y") == "[UNK]");
  CHECK(tokens_with(R"({"do_lower_case":false,"strip_accents":true})", "H\xC3\xA9y") == "Hey");
  CHECK(tokens_with(R"({"strip_accents":false})", "H\xC3\xA9y") == "[UNK]");
  CHECK(tokens_with(R"({"strip_accents":null})", "H\xC3\xA9y") == "hey");
  CHECK(tokens_with(R"({"cls_token":"a","sep_token":"b"})", "[CLS]") == "[UNK] [UNK] [UNK]");
}

TEST_CASE("limits of the model's length") {
  const auto limit = [](const std::string& config) {
    return TokenizerFiles().with("tokenizer_config.json", config).open().spec().max_length;
  };
  CHECK(limit(R"({"model_max_length":77})") == 77);
  CHECK_FALSE(limit(R"({"model_max_length":1000000000000000019884624838656})"));
  CHECK_FALSE(limit("{}"));
}

TEST_CASE("settings of the wrong kind are named") {
  const auto error_of = [](const std::string& config) {
    return TokenizerFiles().with("tokenizer_config.json", config).error();
  };
  CHECK(error_of(R"({"do_lower_case":"yes"})").find("\"do_lower_case\": expected true or false") !=
        std::string::npos);
  CHECK(error_of(R"({"cls_token":5})").find("expected a token, found 5") != std::string::npos);
  CHECK(error_of(R"({"added_tokens_decoder":{"x":"y"}})").find("expected a number") !=
        std::string::npos);
  CHECK(error_of(R"({"added_tokens_decoder":{"99999999":"y"}})").find("id 99999999") !=
        std::string::npos);
  CHECK(error_of("[]").find("expected a JSON object") != std::string::npos);
}

const std::string kTokenizerJson = R"({
  "added_tokens": [{"id": 3, "content": "[MASK]", "special": true, "normalized": false}],
  "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                 "strip_accents": null, "lowercase": false},
  "pre_tokenizer": {"type": "BertPreTokenizer"},
  "post_processor": {"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
               {"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [{"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
             {"Sequence": {"id": "A", "type_id": 0}}],
    "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [1], "tokens": ["[CLS]"]}}},
  "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "@",
            "max_input_chars_per_word": 4,
            "vocab": {"[UNK]": 0, "[CLS]": 1, "[PAD]": 2, "[MASK]": 3, "a": 4, "@b": 5, "A": 6}}})";

TEST_CASE("tokenizer.json alone makes a tokenizer") {
  const Tokenizer tokenizer = TokenizerFiles("").with("tokenizer.json", kTokenizerJson).open();
  CHECK(joined(tokenizer, "abb A[MASK]") == "a @b @b A [MASK]");
  CHECK(joined(tokenizer, "abbbb") == "[UNK]");
  CHECK(tokenizer.encode("a").ids == std::vector<std::int32_t>{1, 4});
  const Encoding pair = tokenizer.encode("a", "A");
  CHECK(pair.ids == std::vector<std::int32_t>{6, 1, 4});
  CHECK(pair.type_ids == std::vector<std::int32_t>{1, 0, 0});
  CHECK(pair.sequence == std::vector<std::uint8_t>{1, 0, 0});
  CHECK(tokenizer.decode({1, 4, 5}, false) == "[CLS] ab");
}

TEST_CASE("tokens that tokenizer.json adds to vocab.txt, unless tokenizer_config.json names them") {
  const std::string json = R"({"model": {"type": "another, of no matter here"}, "added_tokens": [
    {"id": 15, "content": "new", "single_word": true, "normalized": true},
    {"id": 16, "content": "<ent>", "special": true, "normalized": false},
    {"id": 4, "content": "[MASK]", "special": true, "lstrip": true}]})";
  const Tokenizer tokenizer = TokenizerFiles().with("tokenizer.json", json).open();
  CHECK(tokenizer.encode("a new <ent>", std::nullopt, {.add_special_tokens = false}).ids ==
        std::vector<std::int32_t>{5, 15, 16});
  CHECK(joined(tokenizer, "newa NEW") == "[UNK] new");
  // A name of its own does not move a token, nor what it takes along.
  const Tokenizer named =
      TokenizerFiles()
          .with("tokenizer.json", json)
          .with("tokenizer_config.json",
                R"({"mask_token":"[MASK]","extra_special_tokens":["<ent>","<more>"]})")
          .open();
  CHECK(named.encode("a <ent> <more>", std::nullopt, {.add_special_tokens = false}).ids ==
        std::vector<std::int32_t>{5, 16, 17});
  const Tokenizer listed =
      TokenizerFiles()
          .with("tokenizer.json", json)
          .with("tokenizer_config.json", R"({"added_tokens_decoder":{"14":{"content":"new"}}})")
          .open();
  CHECK(listed.encode("a new", std::nullopt, {.add_special_tokens = false}).ids ==
        std::vector<std::int32_t>{5, 14});
  CHECK(joined(listed, "<ent>") == "[UNK] [UNK] [UNK]");
  CHECK(TokenizerFiles().with("tokenizer.json", "[1]").error().find("expected") !=
        std::string::npos);
  CHECK(TokenizerFiles()
            .with("tokenizer.json", "{\"added_tokens\": 1}")
            .error()
            .find("expected a list") != std::string::npos);
}

TEST_CASE("a tokenizer of another kind is named") {
  const auto error_of = [](const std::string& from, const std::string& to) {
    try {
      parse_tokenizer_json(test::replaced(kTokenizerJson, from, to), "tokenizer.json");
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(error_of("WordPiece", "BPE") == "tokenizer.json: \"model\": expected WordPiece, found BPE");
  CHECK(error_of("BertNormalizer", "NFC").find("expected BertNormalizer") != std::string::npos);
  CHECK(error_of("BertPreTokenizer", "ByteLevel").find("expected BertPreTokenizer") !=
        std::string::npos);
  CHECK(error_of("TemplateProcessing", "RobertaProcessing").find("\"post_processor\"") !=
        std::string::npos);
  CHECK(error_of("\"a\": 4", "\"a\": -4").find("a token's id") != std::string::npos);
  CHECK(error_of("\"a\": 4", "\"a\": 4000000000").find("a token's id") != std::string::npos);
  CHECK(error_of("\"ids\": [1]", "\"ids\": []").find("does not give \"[CLS]\" one id") !=
        std::string::npos);
}

TEST_CASE("truncation") {
  const Tokenizer tokenizer = TokenizerFiles().open();
  const auto lengths = [&](int first, int second, std::int64_t limit, Truncation truncation) {
    std::string a;
    std::string b;
    for (int i = 0; i < first; ++i) a += "a ";
    for (int i = 0; i < second; ++i) b += "b ";
    const Encoding encoding =
        tokenizer.encode(a, b, {.max_length = limit, .truncation = truncation});
    CHECK(encoding.truncated == first + second + 3 - static_cast<int>(encoding.size()));
    return std::pair(std::ranges::count(encoding.ids, 5), std::ranges::count(encoding.ids, 6));
  };
  using Counts = std::pair<std::ptrdiff_t, std::ptrdiff_t>;
  CHECK(lengths(6, 6, 8, Truncation::longest_first) == Counts{2, 3});
  CHECK(lengths(7, 6, 8, Truncation::longest_first) == Counts{3, 2});
  CHECK(lengths(1, 9, 8, Truncation::longest_first) == Counts{1, 4});
  CHECK(lengths(9, 2, 8, Truncation::only_first) == Counts{3, 2});
  CHECK(lengths(2, 9, 8, Truncation::only_second) == Counts{2, 3});
  CHECK(lengths(2, 3, 8, Truncation::error) == Counts{2, 3});
  CHECK(lengths(3, 3, 3, Truncation::longest_first) == Counts{0, 0});
  CHECK_THROWS_AS(lengths(2, 4, 8, Truncation::error), Error);
  CHECK_THROWS_AS(lengths(2, 9, 8, Truncation::only_first), Error);
  CHECK_THROWS_AS(lengths(9, 2, 8, Truncation::only_second), Error);
  CHECK_THROWS_AS(lengths(9, 2, 2, Truncation::longest_first), Error);
}

TEST_CASE("the first token of each word of a list") {
  const Tokenizer tokenizer = TokenizerFiles().open();
  const std::string words[] = {"ab", "\u200b", "a.b", "hey foo", "abbc", "foo"};
  const JoinedWords joined = join_words(words);
  CHECK(joined.text == "ab \u200b a.b hey foo abbc foo");
  CHECK(joined.places.size() == 6);
  CHECK(joined.places[2] == Offsets{5, 8});
  const Encoding whole = tokenizer.encode(joined.text);
  // [CLS] ab | a . b | hey foo | ab ##b ##c | foo [SEP]; a character without width is dropped.
  CHECK(first_tokens(whole, joined.places) == std::vector<std::int64_t>{1, -1, 2, 5, 7, 10});
  const Encoding cut = tokenizer.encode(joined.text, std::nullopt, {.max_length = 8});
  CHECK(first_tokens(cut, joined.places) == std::vector<std::int64_t>{1, -1, 2, 5, -1, -1});
}

TEST_CASE("offsets convert to bytes and UTF-16 units") {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z";
  const std::string pair = "\xC3\xA9\x62";
  // The first text's ranges, and between them two of the second.
  const auto converted = [&](OffsetUnit unit) {
    Encoding encoding;
    encoding.ids.resize(8);
    encoding.offsets = {{0, 1}, {1, 2}, {0, 1}, {2, 3}, {3, 4}, {1, 2}, {4, 5}, {0, 5}};
    encoding.sequence = {0, 0, 1, 0, 0, 1, 0, 0};
    convert_offsets(encoding, text, pair, unit);
    return encoding.offsets;
  };
  CHECK(converted(OffsetUnit::codepoint) ==
        std::vector<Offsets>{{0, 1}, {1, 2}, {0, 1}, {2, 3}, {3, 4}, {1, 2}, {4, 5}, {0, 5}});
  CHECK(converted(OffsetUnit::byte) ==
        std::vector<Offsets>{{0, 1}, {1, 3}, {0, 2}, {3, 6}, {6, 10}, {2, 3}, {10, 11}, {0, 11}});
  CHECK(converted(OffsetUnit::utf16) ==
        std::vector<Offsets>{{0, 1}, {1, 2}, {0, 1}, {2, 3}, {3, 5}, {1, 2}, {5, 6}, {0, 6}});
}

TEST_CASE("decoding joins pieces and cleans up spaces as the reference does") {
  const Tokenizer tokenizer =
      TokenizerFiles("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ndo\nnot\nn't\n'\ns\n.\n##ing\n").open();
  CHECK(tokenizer.decode({2, 5, 11, 10, 3}, false) == "[CLS] doing. [SEP]");
  CHECK(tokenizer.decode({2, 5, 11, 10, 3}, true) == "doing.");
  CHECK(tokenizer.decode({5, 7}, false) == "don't");
  CHECK(tokenizer.decode({11, 5}, false) == "##ing do");
  CHECK(tokenizer.decode({}, false) == "");
}

}  // namespace
}  // namespace convbert
