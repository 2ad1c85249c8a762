// What the program reads, and what of it comes out again.
#include <doctest/doctest.h>

#include "core/json.h"
#include "support/process.h"

namespace convbert::test {
namespace {

const std::vector<std::string> kTokens{"tokenize", "--format", "text"};

std::string tokens_of(const std::string& input) {
  const ProcessResult result = run_convbert(kTokens, {.input = input});
  CHECK(result.status == 0);
  CHECK(result.err == "");
  return result.out;
}

std::vector<Json> records_of(std::vector<std::string> arguments, const std::string& input = "",
                             int status = 0) {
  const ProcessResult result = run_convbert(arguments, {.input = input});
  INFO(result.err);
  CHECK(result.status == status);
  std::vector<Json> records;
  for (const std::string& line : split_lines(result.out)) records.push_back(Json::parse(line));
  return records;
}

TEST_CASE("text is one record a line, whatever its line ends") {
  const std::string expected = "[CLS] a [SEP]\n[CLS] [SEP]\n[CLS] b [SEP]\n";
  CHECK(tokens_of("a\n\nb\n") == expected);
  CHECK(tokens_of("a\n\nb") == expected);
  CHECK(tokens_of("a\r\n\r\nb\r\n") == expected);
  CHECK(tokens_of("\xEF\xBB\xBF"
                  "a\n\nb\n") == expected);
  CHECK(tokens_of("") == "");
  CHECK(tokens_of("\n") == "[CLS] [SEP]\n");
}

TEST_CASE("standard input is JSONL if it begins with a brace") {
  CHECK(tokens_of(" \t{\"text\":\"a\"}\n") == "[CLS] a [SEP]\n");
  CHECK(tokens_of("{\"text\":\"a\"}\n") == "[CLS] a [SEP]\n");
  CHECK(run_convbert({"tokenize", "-f", "text", "--input-format", "text"}, {.input = "{a\n"}).out ==
        "[CLS] { a [SEP]\n");
}

TEST_CASE("fields pass through in order and digit for digit") {
  const std::string line =
      R"({"z":1.10,"text":"a","big":1180591620717411303424,"tiny":1e-400,"huge":1e999,)"
      R"("nested":{"b": [1, 2.50],"a":null},"minus":-0,"escaped":"\u00e9\/"})";
  const ProcessResult result = run_convbert({"tokenize"}, {.input = line + "\n"});
  CHECK(result.status == 0);
  CHECK(result.out.starts_with("{\"id\":0," + line.substr(1, line.size() - 2) + ",\"tokens\":"));
}

TEST_CASE("a record keeps its id, in its place") {
  const auto records =
      split_lines(run_convbert({"tokenize"}, {.input = "{\"text\":\"a\",\"id\":\"x/1\"}\n"
                                                       "{\"text\":\"b\"}\n"
                                                       "{\"id\":[7],\"text\":\"c\"}\n"})
                      .out);
  REQUIRE(records.size() == 3);
  CHECK(records[0].starts_with(R"({"text":"a","id":"x/1","tokens")"));
  CHECK(records[1].starts_with(R"({"id":1,"text":"b","tokens")"));
  CHECK(records[2].starts_with(R"({"id":[7],"text":"c","tokens")"));
}

TEST_CASE("fields can have other names") {
  const std::string input = R"({"key":"k1","body":"a","other":"b"})";
  const auto records = records_of({"tokenize", "--text-field", "body", "--pair-field", "other",
                                   "--id-field", "key", "--only-result"},
                                  input);
  REQUIRE(records.size() == 1);
  CHECK(records[0]["key"] == "k1");
  CHECK_FALSE(records[0].contains("body"));
  CHECK(records[0]["tokens"] == Json({"[CLS]", "a", "[SEP]", "b", "[SEP]"}));
}

TEST_CASE("a pair field that was asked for must be there") {
  const std::string input = "{\"text\":\"a\"}\n";
  CHECK(records_of({"tokenize"}, input)[0].contains("tokens"));
  const auto failed = records_of({"tokenize", "--pair-field", "text_pair"}, input, 1);
  CHECK(failed[0]["error"]["message"].get<std::string>().find("no field \"text_pair\"") !=
        std::string::npos);
  const auto alone =
      records_of({"tokenize", "--pair-field", ""}, R"({"text":"a","text_pair":"b"})");
  CHECK(alone[0]["tokens"] == Json({"[CLS]", "a", "[SEP]"}));
}

TEST_CASE("numbers run through all files, lines through each") {
  const TemporaryFolder folder;
  const std::string one = folder.write("one.jsonl", "{\"text\":\"a\"}\nbroken\n");
  const std::string two = folder.write("two.txt", "b\nc\n");
  const auto records = records_of({"tokenize", one, two}, "", 1);
  REQUIRE(records.size() == 4);
  CHECK(records[1]["id"] == 1);
  CHECK(records[1]["line"] == 2);
  CHECK(records[1]["error"]["message"].get<std::string>().starts_with(one + ":2: "));
  CHECK(records[2]["id"] == 2);
  CHECK(records[3]["text"] == "c");
}

TEST_CASE("tsv takes quotes as they are") {
  const TemporaryFolder folder;
  const std::string path = folder.write("a.tsv", "text\tn\r\nit \"is\" so\t5\r\nbad\n\xff\t1\n");
  const auto records = records_of({"tokenize", path}, "", 1);
  REQUIRE(records.size() == 3);
  CHECK(records[0]["text"] == "it \"is\" so");
  CHECK(records[0]["n"] == "5");
  CHECK(records[1]["error"]["message"] == path + ":3: a row of 1 fields; the header has 2");
  CHECK(records[2]["error"]["message"].get<std::string>().starts_with(
      path + ":4: invalid UTF-8 in column \"text\"; expected UTF-8 text"));
}

TEST_CASE("in csv a lone carriage return ends a row") {
  const TemporaryFolder folder;
  const auto records = records_of(
      {"tokenize", folder.write("a.csv", "text\rone\rtwo\nthree\r\n\"a\rb\",x\r\"fi\nve\"\n")}, "",
      1);
  REQUIRE(records.size() == 5);
  CHECK(records[0]["text"] == "one");
  CHECK(records[1]["text"] == "two");
  CHECK(records[2]["text"] == "three");
  CHECK(records[3]["error"]["message"].get<std::string>().find("a.csv:3: a row of 2 fields") !=
        std::string::npos);
  CHECK(records[3]["line"] == 3);
  CHECK(records[4]["text"] == "fi\nve");
}

TEST_CASE("csv follows RFC 4180") {
  const TemporaryFolder folder;
  const std::string path = folder.write(
      "a.csv", "text,note\r\n\"a \"\"q\"\", b\",\"x\ny\"\r\n\r\n  c ,\n\"d\"e,1\n\"open,1\n");
  const auto records = records_of({"tokenize", path}, "", 1);
  REQUIRE(records.size() == 4);
  CHECK(records[0]["text"] == "a \"q\", b");
  CHECK(records[0]["note"] == "x\ny");
  CHECK(records[1]["text"] == "  c ");
  CHECK(records[2]["error"]["message"].get<std::string>().starts_with(path + ":6: "));
  CHECK(records[3]["error"]["message"].get<std::string>().starts_with(path + ":7: "));
  CHECK(records[3]["line"] == 7);
}

TEST_CASE("a header without the text column is one clear error") {
  const TemporaryFolder folder;
  const std::string path = folder.write("a.csv", "body,note\nx,y\n");
  const ProcessResult result = run_convbert({"tokenize", path});
  CHECK(result.status == 2);
  CHECK(result.out == "");
  CHECK(result.err == "convbert: error: " + path +
                          ":1: the header has no column \"text\"; it has \"body\", \"note\" "
                          "(--text-field names another)\n");
}

TEST_CASE("texts on the command line, and their pairs") {
  const auto records = records_of(
      {"tokenize", "-t", "a", "--text-pair", "b", "-t", "c", "--text-pair", "d", "--only-result"});
  REQUIRE(records.size() == 2);
  CHECK(records[1]["id"] == 1);
  CHECK(records[1]["token_type_ids"] == Json({0, 0, 0, 1, 1}));
  CHECK(run_convbert({"tokenize", "-t", "a", "--text-pair", "b", "--text-pair", "c"}).status == 2);
  CHECK(run_convbert({"tokenize", "-t", "a", "file.txt"}).status == 2);
  const auto bad = records_of({"tokenize", "-t", "\xff"}, "", 1);
  CHECK(bad[0]["error"]["kind"] == "input");
}

TEST_CASE("compressed input is seen by its first bytes") {
  const TemporaryFolder folder;
  const std::string packed = gzip("hello\nworld\n");
  const std::string expected = "[CLS] hello [SEP]\n[CLS] world [SEP]\n";
  CHECK(run_convbert(kTokens, {.input = packed}).out == expected);
  CHECK(run_convbert(kTokens, {.input = packed + packed}).out == expected + expected);
  const ProcessResult cut = run_convbert(kTokens, {.input = packed.substr(0, 25)});
  CHECK(cut.status == 2);
  CHECK(cut.err == "convbert: error: <stdin>: the gzip data is cut short\n");
  std::string damaged = packed;
  damaged[15] = static_cast<char>(damaged[15] ^ 0x55);
  CHECK(run_convbert(kTokens, {.input = damaged}).status == 2);
  // Raw block of a zstd frame with its content size in the header.
  const std::string zstd("\x28\xb5\x2f\xfd\x20\x0c\x61\x00\x00hello\nworld\n", 21);
  CHECK(run_convbert(kTokens, {.input = zstd}).out == expected);
  CHECK(run_convbert(kTokens, {.input = zstd.substr(0, 15)}).status == 2);
}

TEST_CASE("offsets count in the unit asked for") {
  const std::vector<std::string> command{"tokenize", "-t", "\xF0\x9F\x98\x80 \xC3\xA9t\xC3\xA9"};
  const auto offsets = [&](const char* unit) {
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.end(), {"--offsets", unit, "--no-special-tokens"});
    return records_of(arguments)[0]["offset_mapping"].dump();
  };
  CHECK(offsets("codepoint").starts_with("[[0,1],[2,"));
  CHECK(offsets("byte").starts_with("[[0,4],[5,"));
  CHECK(offsets("utf16").starts_with("[[0,2],[3,"));
}

TEST_CASE("ids become text again") {
  CHECK(run_convbert({"tokenize", "--decode", "-f", "text"}, {.input = "2 10602 915 3\n"}).out ==
        "[CLS] hello world [SEP]\n");
  const auto decoded = records_of({"tokenize", "--decode", "--skip-special-tokens"},
                                  "{\"input_ids\":[2,10602,16,915,5,3]}\n");
  CHECK(decoded[0]["text"] == "hello, world!");
  const auto bad = records_of({"tokenize", "--decode"}, "{\"input_ids\":[2,99999999]}\n", 1);
  CHECK(bad[0]["error"]["message"].get<std::string>().find("expected token ids from 0 to 16383") !=
        std::string::npos);
}

}  // namespace
}  // namespace convbert::test
