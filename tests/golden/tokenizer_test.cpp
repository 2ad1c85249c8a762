// The reference fast tokenizer: every Unicode code point, and thousands of encodings.
#include <doctest/doctest.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/json.h"
#include "core/utf8.h"
#include "text/tokenizer.h"
#include "text/words.h"

namespace convbert {
namespace {

const std::filesystem::path kData = std::filesystem::path(CONVBERT_TEST_DATA) / "tokenizer";

std::string read_gzip(const std::filesystem::path& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  REQUIRE(file != nullptr);
  std::string text;
  char buffer[1 << 16];
  for (int count; (count = gzread(file, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(count));
  }
  gzclose(file);
  return text;
}

// The words of "a" c "b", joined by a space: normalisation, then the splits at white space and
// punctuation.
std::string words_around(char32_t c, const NormalizerOptions& options) {
  std::string text = "a";
  append_utf8(text, c);
  text += 'b';
  Normalizer normalizer(options);
  std::string words;
  const auto add = [&](const Word& word) {
    if (!words.empty()) words += ' ';
    words += word.bytes;
  };
  WordBuilder builder;
  builder.add(normalizer.normalize(text, 0), add);
  builder.finish(add);
  return words;
}

void check_all_code_points(const char* file, const NormalizerOptions& options) {
  std::unordered_map<char32_t, std::string> expected;
  const std::string table = read_gzip(kData / file);
  for (std::size_t at = 0; at < table.size();) {
    const std::size_t tab = table.find('\t', at);
    const std::size_t end = table.find('\n', tab);
    expected.emplace(static_cast<char32_t>(std::stoul(table.substr(at, tab - at), nullptr, 16)),
                     table.substr(tab + 1, end - tab - 1));
    at = end + 1;
  }
  REQUIRE(expected.size() > 200'000);
  int checked = 0;
  int wrong = 0;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string unchanged = "a";
    append_utf8(unchanged, c);
    unchanged += 'b';
    const auto listed = expected.find(c);
    const std::string& reference = listed == expected.end() ? unchanged : listed->second;
    ++checked;
    if (words_around(c, options) != reference && ++wrong <= 10) {
      MESSAGE("U+", std::hex, static_cast<std::uint32_t>(c), ": expected \"", reference,
              "\", found \"", words_around(c, options), "\"");
    }
  }
  CHECK(checked == 1'112'064);
  CHECK(wrong == 0);
}

TEST_CASE("every code point, lower-casing") {
  check_all_code_points("normalizer-lower.tsv.gz", {.lowercase = true});
}

TEST_CASE("every code point, cased") {
  check_all_code_points("normalizer-cased.tsv.gz", {.lowercase = false});
}

TokenizerSpec golden_spec(const Json& options) {
  TokenizerSpec spec = read_tokenizer_spec(ModelFiles::directory(kData));
  spec.normalizer.lowercase = options["lowercase"].get<bool>();
  if (!options["strip_accents"].is_null()) {
    spec.normalizer.strip_accents = options["strip_accents"].get<bool>();
  }
  return spec;
}

TEST_CASE("every reference encoding") {
  std::map<std::string, Tokenizer> tokenizers;
  std::ifstream lines(kData / "texts.jsonl");
  int checked = 0;
  for (std::string line; std::getline(lines, line); ++checked) {
    const Json row = Json::parse(line);
    const Json& options = row["options"];
    const std::string key = options["lowercase"].dump() + options["strip_accents"].dump();
    auto found = tokenizers.find(key);
    if (found == tokenizers.end()) {
      found = tokenizers.emplace(key, Tokenizer(golden_spec(options))).first;
    }
    const Tokenizer& tokenizer = found->second;

    const std::string text = row["text"];
    std::optional<std::string> pair;
    if (row.contains("text_pair")) pair = row["text_pair"].get<std::string>();
    const Encoding encoding = tokenizer.encode(
        text, pair,
        {.max_length = options.value("max_length", 0),
         .truncation = *truncation_from_name(options.value("truncation", "longest_first"))});

    INFO("line ", checked + 1, ": ", line.substr(0, 200));
    CHECK(encoding.ids == row["ids"].get<std::vector<std::int32_t>>());
    CHECK(encoding.type_ids == row["type_ids"].get<std::vector<std::int32_t>>());
    CHECK(encoding.special_mask == row["special"].get<std::vector<std::uint8_t>>());
    std::vector<Offsets> offsets;
    for (const Json& range : row["offsets"]) offsets.push_back({range[0], range[1]});
    CHECK(encoding.offsets == offsets);
    std::vector<std::string> tokens;
    for (const std::int32_t id : encoding.ids) tokens.emplace_back(tokenizer.token(id));
    CHECK(tokens == row["tokens"].get<std::vector<std::string>>());
  }
  CHECK(checked == 2284);
}

}  // namespace
}  // namespace convbert
