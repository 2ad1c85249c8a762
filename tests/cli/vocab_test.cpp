// `convbert vocab`: what a user gives it, and what becomes of the file.
#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "core/json.h"
#include "support/process.h"

namespace convbert::test {
namespace {

const std::string kEnglish = CONVBERT_SOURCE_DIR "/data/english.txt";
const std::vector<std::string> kReserved{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};

// The arguments behind `vocab`, with the tokens on standard output.
std::vector<std::string> learn(std::vector<std::string> arguments, const std::string& input = "") {
  arguments.insert(arguments.begin(), {"vocab", "-q", "-o", "-"});
  const ProcessResult result = run_convbert(arguments, {.input = input});
  INFO(result.err);
  CHECK(result.status == 0);
  return split_lines(result.out);
}

bool has(const std::vector<std::string>& tokens, const std::string& token) {
  return std::ranges::find(tokens, token) != tokens.end();
}

// Some thousand distinct words, each once, and one that comes on every line.
std::string many_words() {
  std::string text;
  for (int i = 0; i < 6000; ++i) text += "steady word" + std::to_string(i * 7919) + "\n";
  return text;
}

TEST_CASE("vocab writes reserved tokens, characters and pieces, a line each") {
  const TemporaryFolder folder;
  const std::string path = folder.path("vocab.txt");
  const ProcessResult result =
      run_convbert({"vocab", kEnglish, "-o", path, "--size", "200", "--lowercase"});
  CHECK(result.status == 0);
  CHECK(result.out.empty());
  CHECK(result.err.find("words, ") != std::string::npos);
  const std::vector<std::string> tokens = split_lines(read_file(path));
  CHECK(tokens.size() == 200);
  CHECK(std::equal(kReserved.begin(), kReserved.end(), tokens.begin()));
  CHECK(has(tokens, "the"));
  CHECK(has(tokens, "##ing"));
  CHECK_FALSE(std::filesystem::exists(path + ".partial"));
}

TEST_CASE("vocab learns the same from any input that has the same texts") {
  const TemporaryFolder folder;
  const std::string text = read_file(kEnglish);
  const std::vector<std::string> expected = learn({kEnglish, "--size", "200"});
  std::string records;
  std::string table = "text\n";
  for (const std::string& line : split_lines(text)) {
    records += Json{{"text", line}}.dump() + "\n";
    table += '"' + replaced(line, "\"", "\"\"") + "\"\n";
  }
  const std::size_t half = text.find('\n', text.size() / 2) + 1;
  const std::string first = folder.write("first.txt", text.substr(0, half));
  const std::string second = folder.write("second.txt.gz", gzip(text.substr(half)));
  CHECK(learn({folder.write("all.jsonl", records), "--size", "200"}) == expected);
  CHECK(learn({folder.write("all.csv", table), "--size", "200"}) == expected);
  CHECK(learn({first, second, "--size", "200"}) == expected);
  CHECK(learn({"--size", "200"}, text) == expected);
  CHECK(learn({"-", "--size", "200"}, records) == expected);
}

TEST_CASE("vocab counts both texts of a pair") {
  const std::vector<std::string> tokens =
      learn({}, "{\"text\":\"ab\",\"text_pair\":\"xy\"}\n{\"text\":\"ab\",\"text_pair\":\"xy\"}\n");
  CHECK(has(tokens, "ab"));
  CHECK(has(tokens, "xy"));
}

TEST_CASE("vocab keeps case and accents, unless it lower-cases") {
  const std::string text = "\xC3\x89t\xC3\xA9 \xC3\x89t\xC3\xA9\n";
  CHECK(has(learn({}, text), "\xC3\x89t\xC3\xA9"));
  const std::vector<std::string> lower = learn({"--lowercase"}, text);
  CHECK(has(lower, "ete"));
  CHECK_FALSE(has(lower, "\xC3\x89"));
}

TEST_CASE("vocab merges pairs that are frequent enough, of characters that are") {
  const std::string text = "ab ab ab cd cd e\n";
  CHECK(has(learn({"--min-frequency", "2"}, text), "cd"));
  const std::vector<std::string> frequent = learn({"--min-frequency", "3"}, text);
  CHECK(has(frequent, "ab"));
  CHECK_FALSE(has(frequent, "cd"));
  const std::vector<std::string> few = learn({"--limit-alphabet", "2"}, text);
  CHECK(has(few, "ab"));
  CHECK_FALSE(has(few, "e"));
}

TEST_CASE("vocab says so where there are fewer tokens than were asked for") {
  const ProcessResult result =
      run_convbert({"vocab", "-o", "-", "--size", "5000"}, {.input = "ab ab\n"});
  CHECK(result.status == 0);
  CHECK(split_lines(result.out).size() == 9);
  CHECK(result.err.find("only 9 tokens of --size 5,000: no other pair occurs 2 times") !=
        std::string::npos);
}

TEST_CASE("vocab does not depend on threads, even where words do not fit into --memory") {
  const std::string text = many_words();
  const auto run = [&](const std::string& threads) {
    return run_convbert({"vocab", "-o", "-", "--memory", "1", "--threads", threads},
                        {.input = text});
  };
  const ProcessResult one = run("1");
  CHECK(one.status == 0);
  CHECK(one.err.find("--memory 1 had no room for all words: those seen at most 1 times") !=
        std::string::npos);
  CHECK(has(split_lines(one.out), "steady"));
  CHECK(run("2").out == one.out);
  CHECK(run("5").out == one.out);
  const ProcessResult roomy = run_convbert({"vocab", "-o", "-"}, {.input = text});
  CHECK(roomy.err.find("12,000 words, 6,001 distinct") != std::string::npos);
  CHECK(roomy.err.find("--memory") == std::string::npos);
}

TEST_CASE("vocab leaves out a word that no tokenizer would split") {
  const ProcessResult result =
      run_convbert({"vocab", "-o", "-"}, {.input = "ab " + std::string(101, 'z') + "\n"});
  CHECK(result.err.find("2 words, 1 distinct; of more than 100 characters, and left out: 1") !=
        std::string::npos);
  CHECK_FALSE(has(split_lines(result.out), "z"));
}

TEST_CASE("a model directory with a learnt vocabulary tokenizes, without unknown tokens") {
  const TemporaryFolder folder;
  const std::string path = folder.path("vocab.txt");
  CHECK(run_convbert({"vocab", kEnglish, "-o", path, "--size", "500"}).status == 0);
  folder.write("tokenizer_config.json", R"({"do_lower_case": false})");
  const ProcessResult result = run_convbert(
      {"tokenize", "-m", folder.path(), "-f", "text", "--no-special-tokens", kEnglish});
  CHECK(result.status == 0);
  CHECK(result.out.find("[UNK]") == std::string::npos);
  CHECK(result.out.find("The ") != std::string::npos);
  CHECK(result.out.find("##") != std::string::npos);
}

TEST_CASE("vocab names and counts a bad record, and goes on") {
  const TemporaryFolder folder;
  const std::string records = folder.write("some.jsonl", "{\"text\":\"ab ab\"}\n{\"text\":7}\n");
  const std::string path = folder.path("vocab.txt");
  const ProcessResult result = run_convbert({"vocab", records, "-o", path});
  CHECK(result.status == 1);
  CHECK(result.err.find("some.jsonl:2") != std::string::npos);
  CHECK(has(split_lines(read_file(path)), "ab"));
  std::filesystem::remove(path);
  CHECK(run_convbert({"vocab", records, "-o", path, "--strict"}).status == 1);
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("vocab refuses what it cannot learn from") {
  const auto refused = [](const std::string& input, const std::string& reason,
                          const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"vocab", "-o", "-"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    check_refused(run_convbert(arguments, {.input = input}), reason);
  };
  refused("", "standard input: no records; expected text");
  refused("\n \n\t\n", "standard input: no words; expected text");
  refused("{\"text\":7}\n", "of 1 records none can be used; the first is", {"-q"});
  refused("%PDF-1.7\n", "PDF");
  refused("abc abd\n", "--size: expected at least 12", {"--size", "11", "-q"});
  refused("ab\n", "--size", {"--size", "0"});
  refused("ab\n", "--size", {"--size", "2000000"});
  refused("ab\n", "--memory", {"--memory", "0"});
  refused("ab\n", "--limit-alphabet", {"--limit-alphabet", "0"});
  refused("ab\n", "--min-frequency", {"--min-frequency", "0"});
}

TEST_CASE("vocab refuses a place where there can be no file, and needs one") {
  const TemporaryFolder folder;
  check_refused(run_convbert({"vocab", kEnglish}), "--output");
  check_refused(run_convbert({"vocab", kEnglish, "-o", folder.path("none/vocab.txt")}),
                folder.path("none/vocab.txt") + ": there is no folder " + folder.path("none"));
  check_refused(run_convbert({"vocab", folder.path("none.txt"), "-o", folder.path("vocab.txt")}),
                "none.txt");
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("vocab keeps the file that is there until the new one is complete") {
  const TemporaryFolder folder;
  const std::string path = folder.write("vocab.txt", "before");
  check_refused(run_convbert({"vocab", "-q", kEnglish, "-o", path, "--size", "20"}), "--size");
  CHECK(read_file(path) == "before");
  CHECK(run_convbert({"vocab", kEnglish, "-o", path}).status == 0);
  CHECK(read_file(path).starts_with("[PAD]\n"));
}

TEST_CASE("an interrupted vocab leaves nothing") {
  const TemporaryFolder folder;
  const std::string path = folder.path("vocab.txt");
  Process process({"vocab", "-o", path, "-v"});
  process.write("a line of text\nbad \xFF line\n");
  REQUIRE(process.read_error(":2"));
  process.signal(SIGINT);
  CHECK(process.wait().status == 130);
  CHECK(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace convbert::test
