// Every mistake that a user can make: where it shows, what it says, and the exit status.
#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>

#include "core/json.h"
#include "support/process.h"

namespace convbert::test {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

void check_refused(const std::vector<std::string>& arguments, const std::string& reason) {
  test::check_refused(run_convbert(arguments, {.input = "a\n"}), reason);
}

TEST_CASE("wrong flags") {
  check_refused({"frobnicate"}, "frobnicate");
  check_refused({"embed", "--frobnicate"}, "--frobnicate");
  check_refused({"embed", "--format", "yaml"}, "yaml");
  check_refused({"embed", "--pooling", "sum"}, "sum");
  check_refused({"embed", "--normalize", "--no-normalize"}, "excludes");
  check_refused({"embed", "--threads", "-1"}, "--threads");
  check_refused({"embed", "--threads", "x"}, "--threads");
  check_refused({"embed", "--precision", "f8"}, "f8");
  check_refused({"embed", "--layer", "5"}, "--layer: expected 0 (the embeddings) to 4, found 5");
  check_refused({"embed", "--layer", "-6"}, "--layer");
  check_refused({"embed", "--dim", "257"}, "--dim: expected 1 to 256");
  check_refused({"embed", "--max-length", "513"}, "--max-length: expected 2 to 512");
  check_refused({"embed", "--max-length", "1"}, "--max-length: expected 2 to 512");
  check_refused({"tokenize", "--max-length", "1"}, "--max-length: expected 0 for no limit");
  check_refused({"tokenize", "--max-length", "-3"}, "--max-length: expected a positive number");
  check_refused({"embed", "--per-token", "--format", "npy"}, "--per-token");
  check_refused({"embed", "--per-token", "--pooling", "cls"}, "--per-token and --pooling");
  check_refused({"embed", "--shard", "2/2"}, "--shard: expected I/N");
  check_refused({"embed", "--shard", "1"}, "--shard: expected I/N");
  check_refused({"embed", "--shard", "-1/2"}, "--shard");
  check_refused({"embed", "--resume"}, "--resume needs -o");
  check_refused({"embed", "--text-field", ""}, "--text-field: expected a name");
  check_refused({"embed", "-", "-"}, "standard input can be read only once");
  check_refused({"embed", "--quiet", "--verbose"}, "excludes");
  check_refused({"attention", "--layer", "0,4"}, "--layer: expected numbers from 0 to 3");
  check_refused({"attention", "--head", "1-0"}, "--head: expected numbers from 0 to 1");
  check_refused({"attention", "--head", "1,"}, "--head");
  check_refused({"attention", "--out-dir", "x"}, "--out-dir: --format jsonl is one stream");
  check_refused({"classify", "--threshold", "1.5"}, "--threshold");
  check_refused({"classify", "--top-k", "0"}, "--top-k");
  check_refused({"tokenize", "--skip-special-tokens"}, "--decode");
}

TEST_CASE("inputs that cannot be read") {
  check_refused({"tokenize", "no-such-file"}, "no-such-file: cannot open: No such file");
  check_refused({"tokenize", "/"}, "/: expected a file, found a directory");
}

TEST_CASE("outputs that cannot be written") {
  const TemporaryFolder folder;
  check_refused({"tokenize", "-o", folder.path("none/out")},
                folder.path("none/out") + ": there is no folder " + folder.path("none"));
  check_refused({"tokenize", "-o", folder.path()}, "expected a file, found a directory");
  const ProcessResult full =
      run_convbert({"tokenize"}, {.input = "a\n", .output_path = "/dev/full"});
  CHECK(full.status == 2);
  CHECK(full.err == "convbert: error: <stdout>: cannot write: No space left on device\n");
}

struct BadRecord {
  const char* line;
  const char* reason;
};

TEST_CASE("a bad record becomes an error record in its place") {
  const std::string deep(1000, '[');
  const BadRecord bad[] = {
      {"", "an empty line"},
      {"   ", "an empty line"},
      {"{\"text\":\"a\"", "not valid JSON"},
      {"{\"text\":\"a\"} x", "not valid JSON"},
      {"{\"text\":\"a\",}", "not valid JSON"},
      {"[\"a\"]", "expected a JSON object, found"},
      {"\"a\"", "expected a JSON object, found"},
      {"{}", "no field \"text\"; it has no fields"},
      {"{\"txt\":\"a\"}", "no field \"text\"; it has \"txt\""},
      {"{\"text\":5}", "field \"text\": expected a string, found 5"},
      {"{\"text\":null}", "field \"text\": expected a string, found null"},
      {"{\"text\":[\"a\"]}", "field \"text\": expected a string, found"},
      {"{\"text\":\"a\",\"text_pair\":1}", "field \"text_pair\": expected a string"},
      {"{\"text\":\"\\ud800\"}", "surrogate"},
      {"{\"text\":\"\\udc00x\"}", "surrogate"},
      {"{\"text\":\"\xff\"}", "UTF-8"},
      {"{\"text\":\"\xed\xa0\x80\"}", "UTF-8"},
      {"{\"text\":\"\xc0\xaf\"}", "UTF-8"},
      {"{\"text\":\"a\tb\"}", "control character"},
      {"{\"text\":\"a\",\"d\":", "not valid JSON"},
  };
  std::string input;
  for (const BadRecord& record : bad) input += std::string(record.line) + "\n{\"text\":\"ok\"}\n";
  input += "{\"text\":\"a\",\"deep\":" + deep + "}\n";
  const ProcessResult result =
      run_convbert({"classify", "--only-result", "--input-format", "jsonl"}, {.input = input});
  CHECK(result.status == 1);
  const auto lines = split_lines(result.out);
  REQUIRE(lines.size() == 2 * std::size(bad) + 1);
  for (std::size_t i = 0; i < std::size(bad); ++i) {
    INFO(bad[i].line);
    const Json failed = Json::parse(lines[2 * i]);
    const auto number = static_cast<int>(2 * i);
    CHECK(failed["id"] == number);
    CHECK(failed["line"] == number + 1);
    CHECK(failed["error"]["kind"] == "input");
    CHECK(contains(failed["error"]["message"].get<std::string>(), bad[i].reason));
    CHECK(failed.size() == 3);
    CHECK(Json::parse(lines[2 * i + 1])["label"].is_string());
  }
  CHECK(contains(Json::parse(lines.back())["error"]["message"].get<std::string>(),
                 "nested deeper than 128 levels"));
  CHECK(result.err == "convbert: warning: 21 of 41 records failed\n");
}

TEST_CASE("an error record keeps the id that the record has") {
  const ProcessResult result =
      run_convbert({"tokenize"}, {.input = "{\"id\":\"a7\",\"text\":1}\n"});
  CHECK(Json::parse(result.out)["id"] == "a7");
}

TEST_CASE("invalid UTF-8 in a text line") {
  const ProcessResult result = run_convbert({"tokenize", "-f", "json"}, {.input = "ok\na\xff\n"});
  CHECK(result.status == 1);
  const Json records = Json::parse(result.out);
  CHECK(records[1]["error"]["message"] ==
        "<stdin>:2: invalid UTF-8 at byte 2 of the record; expected UTF-8 text (iconv -f latin1 -t "
        "utf-8 converts Latin-1)");
}

TEST_CASE("formats without room for an error record name it on standard error") {
  const std::string input = "{\"text\":\"good\"}\nbroken\n{\"text\":\"bad\"}\n";
  const ProcessResult text = run_convbert({"classify", "-f", "text"}, {.input = input});
  CHECK(text.status == 1);
  CHECK(text.out == "positive\n\nnegative\n");
  CHECK(contains(text.err, "<stdin>:2: not valid JSON"));
}

TEST_CASE("--strict stops at the first bad record") {
  const std::string input = "{\"text\":\"a\"}\nbroken\n{\"text\":\"b\"}\n";
  const ProcessResult result = run_convbert({"tokenize", "--strict"}, {.input = input});
  CHECK(result.status == 1);
  CHECK(split_lines(result.out).size() == 1);
  CHECK(contains(result.err, "convbert: error: <stdin>:2: not valid JSON"));
  const TemporaryFolder folder;
  const ProcessResult file =
      run_convbert({"tokenize", "--strict", "-o", folder.path("out")}, {.input = input});
  CHECK(file.status == 1);
  CHECK(read_file(folder.path("out")) == "");
}

TEST_CASE("texts that are too long") {
  std::string text = "{\"text\":\"";
  for (int i = 0; i < 600; ++i) text += "word ";
  text += "\"}\n";
  const ProcessResult cut = run_convbert({"embed", "--only-result"}, {.input = text});
  CHECK(cut.status == 0);
  CHECK(Json::parse(cut.out)["truncated"] == 600 - 126);  // max_seq_length is 128
  CHECK(cut.err == "convbert: 1 record was too long and cut, by 474 tokens in all\n");
  const ProcessResult classify = run_convbert({"classify", "--only-result"}, {.input = text});
  CHECK(Json::parse(classify.out)["truncated"] == 600 - 510);
  const ProcessResult refused =
      run_convbert({"embed", "--truncation", "error"}, {.input = text + "{\"text\":\"a\"}\n"});
  CHECK(refused.status == 1);
  CHECK(contains(refused.out,
                 "<stdin>:1: --truncation error: the text has 600 tokens, the limit is 126 besides "
                 "special tokens"));
  const ProcessResult whole =
      run_convbert({"tokenize", "--only-result", "--max-length", "0"}, {.input = text});
  CHECK(Json::parse(whole.out)["input_ids"].size() == 602);
  CHECK_FALSE(Json::parse(whole.out).contains("truncated"));
}

TEST_CASE("a reader that goes away ends the run quietly") {
  std::string input;
  for (int i = 0; i < 20000; ++i) input += "some words to fill the pipe with\n";
  const TemporaryFolder folder;
  Process process({"tokenize", folder.write("long.txt", input)});
  CHECK(process.read_line() != "");
  process.close_output();
  const ProcessResult result = process.wait();
  CHECK(result.status == 0);
  CHECK(result.err == "");
}

TEST_CASE("an interrupt leaves whole lines and says so in the exit status") {
  for (const int number : {SIGINT, SIGTERM}) {
    Process process({"tokenize"});
    process.write("one\ntwo\n");
    CHECK(process.read_line() != "");
    CHECK(process.read_line() != "");
    process.signal(number);
    Process* waiting = &process;  // its input stays open
    const ProcessResult result = waiting->wait();
    CHECK(result.status == 128 + number);
    CHECK(result.out == "");
  }
}

TEST_CASE("results, and nothing else, are on standard output") {
  const ProcessResult result = run_convbert({"embed", "-v", "-t", "a"});
  CHECK(result.status == 0);
  CHECK(split_lines(result.out).size() == 1);
  CHECK(contains(result.err, "convbert-mini"));
  CHECK_FALSE(contains(result.err, "\x1b"));
  CHECK(
      contains(run_convbert({"embed", "nope", "--color", "always"}).err, "\x1b[1;31merror\x1b[0m"));
  // Of flags that cannot be parsed, too, wherever it stands.
  const std::string red = "\x1b[1;31merror\x1b[0m";
  CHECK(contains(run_convbert({"embed", "--color", "always", "--nope"}).err, red));
  CHECK(contains(run_convbert({"embed", "--nope", "--color=always"}).err, red));
  CHECK_FALSE(contains(run_convbert({"embed", "--nope", "--color"}).err, red));
  if (has_terminals()) {
    const auto shown = [](const std::vector<std::string>& arguments) {
      return run_convbert(arguments, {.environment = {{"TERM", "xterm"}}, .terminals = {2}}).err;
    };
    CHECK_FALSE(contains(shown({"embed", "--color", "never", "--nope"}), "\x1b["));
    CHECK(contains(shown({"embed", "--nope"}), red));
  }
  CHECK(run_convbert({"tokenize", "-q"}, {.input = "\xff\n"}).err == "");
}

// Not of a command that computes: where there is no memory for it libgomp ends the program itself,
// and oneDNN 2.6 may follow a null pointer.
#ifndef CONVBERT_SANITIZED  // whose address space is of another size
TEST_CASE("where there is little memory a run works or says so") {
  bool has_worked = false;
  for (std::int64_t megabytes = 60; megabytes <= 960; megabytes += megabytes / 4) {
    const ProcessResult result =
        run_convbert({"tokenize", "-t", "hello"}, {.most_memory_bytes = megabytes * 1'000'000});
    INFO(megabytes, " MB: ", result.status, " ", result.err);
    if (result.status == 127) {  // so little that the program itself does not fit
      CHECK(contains(result.err, "loading shared libraries"));
      continue;
    }
    CHECK((result.status == 0 || result.status == 2));
    CHECK((result.status == 0) == result.err.empty());
    if (result.status == 2) CHECK(result.err.starts_with("convbert: error: "));
    has_worked = result.status == 0;
  }
  CHECK(has_worked);
}
#endif

TEST_CASE("flags that would change nothing are refused") {
  const std::string values = std::string(CONVBERT_TEST_DATA) + "/models/convbert-regress";
  check_refused(run_convbert({"classify", "-m", values, "-t", "a", "--top-k", "3"}),
                "--top-k is for labels; this model gives a value");
  check_refused(run_convbert({"classify", "-m", values, "-t", "a", "--threshold", "0.5"}),
                "--threshold is for labels");
  check_refused(run_convbert({"info", values, "-m", values}), "MODEL excludes --model");
  check_refused(run_convbert({"info", values, "--card", "--tensors"}), "--card excludes --tensors");
  check_refused(run_convbert({"bench", "--shape", "conv-bert-small", "--measure", "tokenizer"}),
                "--measure tokenizer needs a model");
  check_refused(run_convbert({"tokenize", "--decode", "--max-length", "3"}, {.input = "1\n"}),
                "--max-length is for texts; --decode reads ids");
  check_refused(run_convbert({"tokenize", "--decode", "--offsets", "byte"}, {.input = "1\n"}),
                "--offsets is for texts");
}

TEST_CASE("help and version") {
  for (const char* command : {"tokenize", "embed", "classify", "attention", "info"}) {
    const ProcessResult help = run_convbert({command, "--help"});
    CHECK(help.status == 0);
    CHECK(help.err == "");
    CHECK(contains(help.out, "Usage: convbert " + std::string(command) + " [OPTIONS]"));
    for (const std::string& line : split_lines(help.out)) CHECK(line.size() <= 100);
  }
  CHECK(contains(run_convbert({"--help"}).out, "Exit status"));
  CHECK(run_convbert({"--version"}).out.starts_with("convbert 0."));
}

}  // namespace
}  // namespace convbert::test
