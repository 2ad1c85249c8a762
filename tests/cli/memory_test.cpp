// What a run holds in memory.
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "support/process.h"

namespace convbert::test {
namespace {

#ifndef CONVBERT_SANITIZED  // which takes memory of its own
constexpr std::int64_t kMebibyte = 1 << 20;
constexpr std::size_t kLineBytes = 16 << 20;

TEST_CASE("a text of any script takes the memory of one in English") {
  const TemporaryFolder folder;
  const auto peak_of = [&](std::string_view part) {
    std::string line;
    while (line.size() < kLineBytes) line += part;
    const ProcessResult result = run_convbert(
        {"tokenize", "--threads", "1", "--max-length", "16", folder.write("line.txt", line)},
        {.output_path = "/dev/null"});
    CHECK(result.status == 0);
    return result.peak_bytes;
  };
  const std::int64_t english = peak_of("to be or not to be ");
  for (const std::string_view part : {
           "\u4E2D\u6587\u5B57\u7B26",        // words by themselves
           "\u0E44\u0E17\u0E22",              // one word, as far as BERT knows
           "\uD55C\uAE00",                    // the same, of characters that decompose
           "\u0434\u043B\u0438\u043D\u0439",  // and of some that do
           "e\u0301",
       }) {
    INFO(part);
    CHECK(peak_of(part) < english + 8 * kMebibyte);
  }
}

TEST_CASE("a model with tokens of its own takes no more memory for a long text") {
  const TemporaryFolder folder;
  const std::string model = std::string(CONVBERT_SOURCE_DIR) + "/models/convbert-mini/";
  for (const std::string name : {"config.json", "tokenizer_config.json", "vocab.txt"}) {
    folder.write("m/" + name, read_file(model + name));
  }
  std::string line;
  while (line.size() < kLineBytes) line += "to be or not to be ";
  const std::string input = folder.write("line.txt", line);
  const auto peak = [&] {
    const ProcessResult result = run_convbert(
        {"tokenize", "-m", folder.path("m"), "--threads", "1", "--max-length", "16", input},
        {.output_path = "/dev/null"});
    CHECK(result.status == 0);
    return result.peak_bytes;
  };
  const std::int64_t before = peak();
  folder.write("m/added_tokens.json", R"({"xyzzy": 16384})");
  CHECK(peak() < before + 8 * kMebibyte);
}

TEST_CASE("a long text takes the memory of a batch, however many its windows") {
  const std::string models = std::string(CONVBERT_TEST_DATA) + "/models/";
  // Of 64 tokens each, of which a few are new: together they are many times the text.
  const auto peak_of = [&](int sentences, const std::string& command, const std::string& model,
                           const std::vector<std::string>& flags) {
    std::string text;
    for (int i = 0; i < sentences; ++i) text += "the cat and the dog saw a man in the house ";
    const std::string record =
        R"({"question":"who saw the man?","context":")" + text + R"(","text":")" + text + "\"}\n";
    const ProcessResult result = run_convbert(
        with({command, "-m", models + model, "--threads", "1", "--max-length", "64"}, flags),
        {.input = record});
    INFO(result.err);
    CHECK(result.status == 0);
    return result.peak_bytes;
  };
  const auto check = [&](const std::string& command, const std::string& model,
                         const std::vector<std::string>& flags) {
    INFO(command);
    const std::int64_t short_text = peak_of(100, command, model, flags);
    CHECK(peak_of(1500, command, model, flags) < short_text + 8 * kMebibyte);
  };
  check("answer", "convbert-qa", {"--stride", "52", "--top-k", "20"});
  check("tag", "convbert-tag", {"--stride", "60", "--per-word"});
  check("embed", "convbert-qa", {"--stride", "60"});
}
#endif

}  // namespace
}  // namespace convbert::test
