// What the program makes of inputs that are not what they seem.
#include <doctest/doctest.h>

#include "core/json.h"
#include "support/process.h"
#include "support/zstd.h"

namespace convbert::test {
namespace {

using namespace std::string_literals;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<Json> records_of(const ProcessResult& result) {
  INFO(result.err);
  std::vector<Json> records;
  for (const std::string& line : split_lines(result.out)) records.push_back(Json::parse(line));
  return records;
}

// One line on standard error, that holds `what`, and exit status 2; records before it may have come
// out.
void check_then_refused(const ProcessResult& result, const std::string& what) {
  CAPTURE(result.err);
  CHECK(result.status == 2);
  CHECK(contains(result.err, what));
  CHECK(split_lines(result.err).size() == 1);
}

TEST_CASE("an array of objects in a .json file is a record an element") {
  const TemporaryFolder folder;
  const std::string path = folder.write(
      "a.json", "[\n  {\"text\": \"a\", \"n\": 1.10},\n  {\"text\": 5},\n  {\"text\": \"c\"}\n]\n");
  const ProcessResult result = run_convbert({"tokenize", path});
  CHECK(result.status == 1);
  const auto records = records_of(result);
  REQUIRE(records.size() == 3);
  CHECK(split_lines(result.out)[0].starts_with(R"({"id":0,"text":"a","n":1.10,"tokens":)"));
  CHECK(records[1]["id"] == 1);
  CHECK(records[1]["line"] == 3);
  CHECK(records[1]["error"]["message"].get<std::string>().starts_with(path + ":3: field \"text\""));
  CHECK(records[2]["tokens"] == Json({"[CLS]", "c", "[SEP]"}));
}

TEST_CASE("standard input that begins with an array of objects is one, and comes as a stream") {
  Process process({"tokenize", "--only-result"});
  process.write("[{\"text\":\"a\"}");
  CHECK(contains(process.read_line(), "\"a\""));
  process.write(",\n{\"text\":\"b\"}");
  CHECK(contains(process.read_line(), "\"b\""));
  process.write("]\n");
  CHECK(process.wait().status == 0);
  const auto text = [](const std::string& input) {
    return run_convbert({"tokenize", "-f", "text"}, {.input = input}).out;
  };
  CHECK(text("[1] a\n") == "[CLS] [ 1 ] a [SEP]\n");
  CHECK(text(" [\r\n {\"text\":\"a\"}]") == "[CLS] a [SEP]\n");
  CHECK(text("[]") == "");
  check_then_refused(run_convbert({"tokenize"}, {.input = "[{\"text\":\"a\"}"}),
                     "<stdin>:1: expected , or ]");
  CHECK(run_convbert({"tokenize", "--input-format", "json", "-f", "text"},
                     {.input = "{\"text\":\"a\"}\n{\"text\":\"b\"}\n"})
            .out == "[CLS] a [SEP]\n[CLS] b [SEP]\n");
}

TEST_CASE("what is no UTF-8 text is refused, with what to do") {
  const TemporaryFolder folder;
  const auto refuses = [&](const std::string& name, const std::string& bytes,
                           const std::string& advice) {
    const std::string path = folder.write(name, bytes);
    const ProcessResult file = run_convbert({"tokenize", path});
    CHECK(file.out == "");
    check_then_refused(file, path + ": ");
    check_then_refused(file, advice);
    check_then_refused(run_convbert({"tokenize"}, {.input = bytes}), "<stdin>: ");
  };
  refuses("a.txt", "\xFF\xFEh\0i\0\n\0"s, "iconv -f utf-16 -t utf-8");
  refuses("b.jsonl", "{\0\"\0t\0"s, "iconv -f utf-16le -t utf-8");
  refuses("c.csv", gzip("\xFE\xFF\0t\0e\0x\0t"s), "iconv -f utf-16 -t utf-8");
  refuses("a.xz",
          "\xFD"
          "7zXZ\0\0\4"s,
          "xz -dc");
  refuses("a.bz2", "BZh91AY&SY and so on", "bzip2 -dc");
  refuses("a.zip", "PK\3\4\x14\0\0\0"s, "unzip -p");
  refuses("a.pdf", "%PDF-1.7\n%\xE2\xE3\n", "pdftotext");
  refuses("a.bin", "\1\0\0\0\0\0\0\0"s, "binary data");
}

TEST_CASE("the columns of csv and tsv can be delimited otherwise") {
  const TemporaryFolder folder;
  const std::string semicolons = folder.write("a.csv", "text;n\n\"a;b\";5\n");
  check_then_refused(run_convbert({"tokenize", semicolons}), "is it --delimiter ';'?");
  check_then_refused(run_convbert({"tokenize", folder.write("t.csv", "text\tn\na\t5\n")}),
                     "is it --delimiter '\\t'?");
  const auto records = records_of(run_convbert({"tokenize", "--delimiter", ";", semicolons}));
  REQUIRE(records.size() == 1);
  CHECK(records[0]["text"] == "a;b");
  CHECK(records[0]["n"] == "5");
  CHECK(run_convbert({"tokenize", "--delimiter", "\\t", "--input-format", "csv", "-f", "text"},
                     {.input = "n\ttext\n1\ta\n"})
            .out == "[CLS] a [SEP]\n");
  CHECK(run_convbert({"tokenize", "--delimiter", "|", "--input-format", "tsv", "-f", "text"},
                     {.input = "n|text\n1|a\n"})
            .out == "[CLS] a [SEP]\n");
  for (const std::string wrong : {"ab", "\"", "\n", "\xC2\xA6"}) {
    check_then_refused(run_convbert({"tokenize", "--delimiter", wrong, semicolons}),
                       "--delimiter: expected");
  }
  check_then_refused(run_convbert({"tokenize", "--delimiter", ";", "--input-format", "jsonl"}),
                     "--delimiter is for csv and tsv");
  check_then_refused(run_convbert({"tokenize", "--delimiter", ";"}, {.input = "text;n\na;5\n"}),
                     "it is read as text, which has no --delimiter");
}

TEST_CASE("fields that are asked for of what seems to be text are refused") {
  check_then_refused(
      run_convbert({"tokenize", "--text-field", "body"}, {.input = "id,body\n1,hello\n"}),
      "<stdin>: it is read as text, which has no field \"body\"; --input-format csv");
  check_then_refused(run_convbert({"tokenize", "--id-field", "key"}, {.input = "key,text\n"}),
                     "as text");
  // A line of text is the text whatever its field is called, and has no other.
  CHECK(run_convbert({"tokenize", "--text-field", "body", "--input-format", "text"},
                     {.input = "a,b\n"})
            .status == 0);
  const TemporaryFolder folder;
  const std::string lines = folder.write("a.txt", "a line\n");
  const std::string json = folder.write("a.jsonl", "{\"text\":\"a\",\"b\":\"c\",\"key\":1}\n");
  check_then_refused(run_convbert({"classify", "--pair-field", "b", json, lines}),
                     lines + ": it is read as text, which has no field \"b\"; --input-format csv");
  check_then_refused(run_convbert({"classify", "--id-field", "key", lines}),
                     "which has no field \"key\"");
  check_then_refused(run_convbert({"tokenize", "--pair-field", "b"}, {.input = "a line\n"}),
                     "which has no field \"b\"");
  CHECK(run_convbert({"tokenize", "--pair-field", "", lines}).status == 0);
  CHECK(run_convbert({"tokenize", "--text-field", "body"}, {.input = ""}).status == 0);
}

TEST_CASE("JSON lines that all lack the text end after the first hundred") {
  std::string input;
  for (int i = 0; i < 7600; ++i) input += "{\"body\":\"a\"}\n";
  const ProcessResult result = run_convbert({"tokenize"}, {.input = input});
  check_then_refused(
      result,
      "<stdin>: the first 100 records all failed: no field \"text\"; it has \"body\" "
      "(--text-field names another)");
  CHECK(split_lines(result.out).size() == 100);
}

TEST_CASE("what is around compressed data costs no record") {
  const TemporaryFolder folder;
  const auto read = [&](const std::string& bytes) {
    return run_convbert({"tokenize", "-f", "text", folder.write("a", bytes)});
  };
  const std::string tokens = "[CLS] a [SEP]\n[CLS] b [SEP]\n";
  CHECK(read(zstd_skipped("no text") + zstd("a\nb\n")).out == tokens);
  CHECK(read(gzip("a\nb") + std::string(1000, '\0')).out == tokens);
  CHECK(read(gzip("a\nb") + std::string(1000, '\0')).status == 0);
  for (const std::string& packed : {gzip("a\nb"), zstd("a\nb")}) {
    const ProcessResult result = read(packed + "junk");
    CHECK(result.out == tokens);
    check_then_refused(result, "something else follows the compressed data");
  }
}

TEST_CASE("a NUL does not end a line of JSON, and a large number is one") {
  const ProcessResult result = run_convbert(
      {"tokenize"},
      {.input = "{\"text\":\"a\"}\0{\"text\":\"b\"}\n{\"text\":\"c\",\"n\":1e5000}\n"s});
  CHECK(result.status == 1);
  const auto lines = split_lines(result.out);
  REQUIRE(lines.size() == 2);
  CHECK(contains(lines[0], "not valid JSON at byte 13: something follows the value"));
  CHECK(lines[1].starts_with("{\"id\":1,\"text\":\"c\",\"n\":1e5000,\"tokens\""));
}

TEST_CASE("a NUL does not end a model's JSON either") {
  const TemporaryFolder folder;
  folder.write("vocab.txt", "[UNK]\n[CLS]\n[SEP]\n");
  folder.write("config.json", "{}\0{}"s);
  check_then_refused(run_convbert({"embed", "-m", folder.path(), "-t", "a"}),
                     "config.json: not valid JSON at byte 3: something follows the value");
}

TEST_CASE("a row that failed keeps its id, and no number stands for one that cannot be read") {
  const TemporaryFolder folder;
  const auto records = records_of(
      run_convbert({"tokenize", folder.write("a.csv", "text,id\na,1\n\xFF,0\nb,c,7\n")}));
  REQUIRE(records.size() == 3);
  CHECK(records[0]["id"] == "1");
  CHECK(records[1]["id"] == "0");
  CHECK(records[1].contains("error"));
  CHECK(records[2]["id"].is_null());
  CHECK(records[2]["line"] == 4);
}

}  // namespace
}  // namespace convbert::test
