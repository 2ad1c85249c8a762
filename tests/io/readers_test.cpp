// What becomes a record, and what does not.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/cancel.h"
#include "core/error.h"
#include "io/delimited_rows.h"
#include "io/foreign_data.h"
#include "io/line_reader.h"
#include "io/record_reader.h"
#include "support/process.h"

namespace convbert::test {
namespace {

using namespace std::string_literals;

// What a file gives: of each record its id, its line and its text, or "!" and what is wrong with
// it.
struct Found {
  std::vector<std::string> records;
  std::string error;
};

Found read(const std::string& name, const std::string& content, RecordSourceOptions options = {}) {
  const TemporaryFolder folder;
  CancelToken cancel;
  options.paths = {folder.write(name, content)};
  Found found;
  const auto without_path = [&](const std::string& text) {
    return replaced(text, options.paths[0] + ":", "");
  };
  try {
    const auto source = open_records(options, cancel);
    for (Record record; source->next(record);) {
      found.records.push_back(
          record.id_json() + " " + std::to_string(record.line) + " " +
          (record.error.empty() ? record.text : "!" + without_path(record.error)));
    }
  } catch (const Error& error) {
    found.error = without_path(error.what());
  }
  return found;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

using Records = std::vector<std::string>;

TEST_CASE("an array of objects is read as JSON lines are") {
  const Found found = read("a.json",
                           "[\n {\"id\": \"x\", \"text\": \"a]\\\"}\"},\n"
                           " {\"text\":\n \"b\"}\n, 5 , \"s\"\n,{\"text\":1,\"id\":9},{]]\n");
  REQUIRE(found.records.size() == 6);
  CHECK(found.records[0] == "\"x\" 2 a]\"}");
  CHECK(found.records[1] == "1 3 b");
  CHECK(found.records[2] == "2 5 !5: expected a JSON object, found 5");
  CHECK(found.records[3] == "3 5 !5: expected a JSON object, found \"s\"");
  CHECK(found.records[4] == "9 6 !6: field \"text\": expected a string, found 1");
  CHECK(found.records[5].starts_with("null 6 !6: not valid JSON at byte 2: "));
  CHECK(found.error == "");
}

TEST_CASE("the members of an object over several lines are on one") {
  const TemporaryFolder folder;
  CancelToken cancel;
  const auto source = open_records(
      {.paths = {folder.write("a.json",
                              "[{\"text\":\"a\", \"n\": [\r\n 1.10,\n \"x \\\" \\\\ y\"\n]}]")}},
      cancel);
  Record record;
  REQUIRE(source->next(record));
  REQUIRE(record.fields.size() == 2);
  CHECK(record.fields[1].json == R"([1.10,"x \" \\ y"])");
}

TEST_CASE("an array that is not one ends with an error behind its records") {
  const auto error_of = [](const std::string& text) {
    const Found found = read("a.json", "[{\"text\":\"a\"}" + text);
    CHECK(found.records == Records{"0 1 a"});
    return found.error;
  };
  CHECK(error_of("]") == "");
  CHECK(error_of("]\r\n\t ") == "");
  CHECK(error_of("") == "1: expected , or ] behind an element");
  CHECK(error_of("\n{\"text\":\"b\"}]") == "2: expected , or ] behind an element");
  CHECK(error_of(",\n]") == "2: expected an element");
  CHECK(error_of(",") == "1: expected an element, found the end of the file");
  CHECK(error_of("] x") == "1: something follows the array");
  CHECK(error_of("]\0"s) == "1: something follows the array");
  CHECK(error_of("]\0{}"s) == "1: something follows the array");
  CHECK(error_of(",\n{\"text\":\"b\n\n") ==
        "2: expected an end of the element that begins here, found the end of the file");
  CHECK(read("a.json", "[]").records.empty());
  CHECK(read("a.json", "").error == "");
  CHECK(read("a.json", "5").error == "1: expected [ and an array of objects");
  CHECK(read("a.json", "{\"text\":\"a\"}\n{\"text\":\"b\"}\n").records ==
        Records{"0 1 a", "1 2 b"});
}

TEST_CASE("an element that is too long is dropped and the next one read") {
  const Found found = read(
      "a.json", "[{\"text\":\"" + std::string(kMaxRecordBytes, 'x') + "\"},\n{\"text\":\"b\"}]");
  CHECK(found.records ==
        Records{"0 1 !1: an element of more than 64 MiB; expected shorter records", "1 2 b"});
}

TEST_CASE("behind a row with broken quotes no other is lost") {
  CHECK(read("a.csv", "text,n\n\"open,1\ngood,2\nx,\"3\"\n").records ==
        Records{"0 2 !2: a quote inside a quoted field that is not doubled; expected RFC 4180",
                "1 3 good", "2 4 x"});
  CHECK(read("a.csv", "text\ra\r\"b\rc\rd").records ==
        Records{"0 1 a", "1 1 !1: a quoted field that is not closed before the end of the file",
                "2 1 c", "3 1 d"});
  CHECK(read("a.csv", "text\n5\" pipe\n\"6\"\"\"\n").records == Records{"0 2 5\" pipe", "1 3 6\""});
}

TEST_CASE("rows that quotes run through again and again are read in one go") {
  // From each line a quote stands open to the end of the file.
  std::string content = "text\n";
  for (int i = 0; i < 200'000; ++i) content += "a\",\",\n";
  const Found found = read("a.csv", content);
  CHECK(found.records.size() == 200'000);
}

TEST_CASE("a row has as many cells as there is room for") {
  const std::string many(kMostColumns, ',');
  CHECK(read("a.csv", "text\n" + many + "\na\n").records ==
        Records{"0 2 !2: a row of 65537 fields; the header has 1", "1 3 a"});
  CHECK(contains(read("a.csv", "text" + many + "\n").error,
                 "a header of 65537 columns; expected at most 65536"));
  std::string names = "text";
  for (std::size_t i = 1; i < kMostColumns; ++i) names += "," + std::to_string(i);
  CHECK(read("a.csv", names + "\n" + "a" + std::string(kMostColumns - 1, ',') + "\n").records ==
        Records{"0 2 a"});
}

TEST_CASE("a row that failed keeps its id") {
  CHECK(
      read("a.csv", "id,text\n7,a,b\n8\n9,\xFF\n10,\"x\"y\n").records ==
      Records{"\"7\" 2 !2: a row of 3 fields; the header has 2",
              "\"8\" 3 !3: a row of 1 fields; the header has 2",
              "\"9\" 4 !4: invalid UTF-8 in column \"text\"; expected UTF-8 text (iconv -f latin1 "
              "-t utf-8 converts Latin-1)",
              "\"10\" 5 !5: a quote inside a quoted field that is not doubled; expected RFC 4180"});
  // What stands behind the text may have been shifted, and no number is put in its place.
  const Records shifted = read("a.tsv", "text\tid\na\tb\t1\n\xFF\t2\nc\t0\n").records;
  CHECK(shifted[0].starts_with("null 2 !"));
  CHECK(shifted[1].starts_with("\"2\" 3 !"));
  CHECK(shifted[2] == "\"0\" 4 c");
}

TEST_CASE("a line of JSON that failed keeps its id if it comes before the fault") {
  const Records found =
      read("a.jsonl",
           "broken\n{\"text\":\"a\",\"id\":1}\n{\"id\":\"x\",\"text\":\"\\ud800\"}\n"
           "{\"id\":2,\"text\":\"\xFF\"}\nbroken\n{\"text\":7}\n")
          .records;
  REQUIRE(found.size() == 6);
  CHECK(found[0].starts_with("0 1 !"));
  CHECK(found[2].starts_with("\"x\" 3 !"));
  CHECK(found[3].starts_with("2 4 !"));
  CHECK(found[4].starts_with("null 5 !"));
  CHECK(found[5].starts_with("5 6 !"));
}

TEST_CASE("a text on the spot that cannot be used leaves neither text nor pair") {
  const auto source = records_of_texts({.texts = {"a", "b\xFF"}, .pairs = {"c\xFF", "d"}}, {});
  Record record;
  while (source->next(record)) {
    CHECK(contains(record.error, concat("text ", record.line, ": invalid UTF-8 at byte 2")));
    CHECK(record.text.empty());
    CHECK_FALSE(record.pair.has_value());
    CHECK(record.fields.empty());
  }
  CHECK(record.number == 1);
}

TEST_CASE("what messages call the options of reading, its caller says") {
  RecordSourceOptions options;
  const auto message = [&](const std::string& name, const std::string& content) {
    const TemporaryFolder folder;
    options.paths = {folder.write(name, content)};
    try {
      const CancelToken cancel;
      Record record;
      open_records(options, cancel)->next(record);
      return record.error;
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  const auto ends = [&](const std::string& text, const std::string& delimiter,
                        const std::string& format) {
    CHECK(message("a.csv", "a;b\n")
              .ends_with(" (" + text + " names another); is it " + delimiter + " ';'?"));
    CHECK(
        message("a.jsonl", "[{}]\n").ends_with("; " + format + " json reads an array of objects"));
    options.delimiter = ';';
    CHECK(message("a.txt", "a\n")
              .ends_with("which has no " + delimiter + "; " + format +
                         " csv, tsv or jsonl says what it is"));
    options.delimiter.reset();
  };
  ends("fields.text", "delimiter", "format");
  options.fields.names = {.text = "--text-field", .delimiter = "-d", .format = "--input-format"};
  ends("--text-field", "-d", "--input-format");
}

TEST_CASE("a file whose records all lack their text is not read on") {
  const auto lines = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "{\"body\":\"a\"}\n";
    return text;
  };
  CHECK(read("a.jsonl", lines(100)).error == "");
  CHECK(read("a.jsonl", lines(100) + "{\"text\":\"a\"}\n").error == "");
  CHECK(read("a.jsonl", lines(101)).error != "");
  const Found found = read("a.jsonl", lines(5000));
  CHECK(found.records.size() == 100);
  CHECK(contains(found.error,
                 "the first 100 records all failed: no field \"text\"; it has \"body\" "
                 "(fields.text names another)"));
  CHECK(read("a.jsonl", lines(50) + "{\"text\":\"a\"}\n" + lines(5000)).error == "");
  CHECK(read("a.jsonl", "broken\n" + lines(5000)).error == "");
}

TEST_CASE("what is no UTF-8 text is known by its first bytes") {
  const auto says = [](const std::string& bytes) { return foreign_data(bytes).value_or(""); };
  CHECK(contains(says("\xFF\xFE"s + "a\0"s), "iconv -f utf-16 -t utf-8"));
  CHECK(contains(says("\xFE\xFF\0a"s), "iconv -f utf-16 -t utf-8"));
  CHECK(contains(says("\xFF\xFE\0\0"s), "iconv -f utf-32"));
  CHECK(contains(says("t\0e\0x\0t\0"s), "iconv -f utf-16le"));
  CHECK(contains(says("\0t\0e\0x\0t"s), "iconv -f utf-16be"));
  CHECK(contains(says("\xFD"
                      "7zXZ\0\0"s),
                 "xz -dc"));
  CHECK(contains(says("BZh41AY&SY"), "bzip2 -dc"));
  CHECK(contains(says("PK\3\4..."), "zip"));
  CHECK(contains(says("%PDF-1.7\n"), "PDF"));
  CHECK(contains(says("\x93NUMPY\1\0"s), "NumPy"));
  CHECK(contains(says("abc\0\0\0\0"s), "binary"));
  CHECK(contains(says("ab\0\xFF and more"s), "binary"));
  for (const std::string& text : {""s, "a"s, "PAR1 is a gene"s, "BZh is short"s, "PK"s, "\xC3\xA9"s,
                                  "a\0b"s, "{\"a\":1}\0{}"s}) {
    CHECK(says(text) == "");
  }
  for (const std::string& head : {"\xFF"s, "B"s, "BZh91A"s, "P"s, "\xEF\xBB"s, "a\0"s, "a"s}) {
    CHECK(is_undecided(head));
  }
  for (const std::string& head : {"\n"s, "ab"s, "PX"s, "BZh?2"s, "\xEF\xBB\xBF"s, "\xC3\xA9"s}) {
    CHECK_FALSE(is_undecided(head));
  }
}

}  // namespace
}  // namespace convbert::test
