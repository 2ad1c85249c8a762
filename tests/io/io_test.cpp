#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "core/cancel.h"
#include "core/error.h"
#include "core/json.h"
#include "io/json_text.h"
#include "io/line_reader.h"
#include "io/npy.h"
#include "io/npz_writer.h"
#include "io/output_file.h"
#include "io/record_reader.h"
#include "io/record_writer.h"
#include "support/npz.h"
#include "support/process.h"

namespace convbert {
namespace {

TEST_CASE("floats print so that they read back the same") {
  std::mt19937 generator(2);
  int wrong = 0;
  for (int i = 0; i < 200'000; ++i) {
    const float value = std::bit_cast<float>(static_cast<std::uint32_t>(generator()));
    if (!std::isfinite(value)) continue;
    std::string text;
    append_json_number(text, value);
    const float back = Json::parse(text).get<float>();
    wrong +=
        std::bit_cast<std::uint32_t>(back) != std::bit_cast<std::uint32_t>(value) && value != 0.0f;
  }
  CHECK(wrong == 0);
  std::string text;
  CHECK_THROWS_AS(append_json_number(text, std::nanf("")), Error);
  CHECK_THROWS_AS(append_json_number(text, INFINITY), Error);
  CHECK(text == "");
}

TEST_CASE("strings are escaped, and only where they must be") {
  for (char32_t c = 1; c < 0x3000; ++c) {
    std::string text = "x";
    text += c < 0x80 ? std::string(1, static_cast<char>(c)) : std::string("\xC3\xA9");
    std::string json;
    append_json_string(json, text);
    CHECK(Json::parse(json).get<std::string>() == text);
    if (c >= 0x80) break;
  }
  std::string json;
  append_json_string(json, std::string_view("a\0\"\\\n\x1F/\x7F\xE2\x82\xAC", 11));
  CHECK(json == "\"a\\u0000\\\"\\\\\\n\\u001f/\x7F\xE2\x82\xAC\"");
}

TEST_CASE("objects are taken apart without losing a digit") {
  const std::string object =
      " {\t\"a\" : 1.10 ,\"b\\\"]}\":[{\"x\":\"}\"},[ ]],\"\":null, \"c\":\"\\\\\\\"\" ,\"d\":-0} "
      " ";
  const auto split = [](const std::string& text) {
    std::vector<JsonMember> found;
    CHECK(split_json_object(text, {}, found) == "");
    return found;
  };
  const auto members = split(object);
  REQUIRE(members.size() == 5);
  CHECK(members[0].key == "\"a\"");
  CHECK(members[0].value == "1.10");
  CHECK(decode_json_string(members[1].key) == "b\"]}");
  CHECK(members[1].value == "[{\"x\":\"}\"},[ ]]");
  CHECK(members[2].key == "\"\"");
  CHECK(members[2].value == "null");
  CHECK(decode_json_string(members[3].value) == "\\\"");
  CHECK(members[4].value == "-0");
  CHECK(split("{}").empty());
  CHECK(split(" { } ").empty());
}

TEST_CASE("arrays say what they are and begin on a cache line") {
  const std::string header = npy_header("<f4", {3, 256});
  CHECK(header.size() % 64 == 0);
  CHECK(header.ends_with("\n"));
  CHECK(header.find("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 256), }") == 10);
  // The number of rows can be set later.
  CHECK(npy_header("<f4", {123'456'789'012, 256}).size() == header.size());
  CHECK(npy_header("<i8", {5}).find("'shape': (5, )") != std::string::npos);
  const std::vector<float> two{1, 2};
  CHECK_THROWS_AS(npy_array({3}, std::span<const float>(two)), Error);
  const std::string texts = npy_array({"a", "\xF0\x9F\x98\x80z", ""});
  CHECK(texts.find("'<U2'") != std::string::npos);
  CHECK(texts.size() == npy_header("<U2", {3}).size() + 3 * 2 * 4);
}

TEST_CASE("archives hold what was put in, in parts or whole") {
  const test::TemporaryFolder folder;
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  {
    OutputFile file = OutputFile::create(folder.path("a.npz"));
    NpzWriter archive(file);
    archive.add("x/first", npy_array({2, 3}, std::span<const float>(values)));
    archive.begin("\xC3\xA9");
    const std::string array = npy_array({6}, std::span<const float>(values));
    for (const char c : array) archive.append({&c, 1});
    archive.end();
    archive.close();
    file.finish();
  }
  const auto arrays = test::read_npz(folder.path("a.npz"));
  CHECK(arrays.at("x/first").shape == Shape{2, 3});
  CHECK(arrays.at("\xC3\xA9").values == values);
}

std::vector<std::string> lines_of(const std::string& path) {
  CancelToken cancel;
  LineReader lines(TextBuffer(ByteSource::file(path, cancel)));
  std::vector<std::string> found;
  for (std::string_view line; lines.next(line);) found.emplace_back(line);
  return found;
}

TEST_CASE("lines of any size, across any number of reads") {
  const test::TemporaryFolder folder;
  std::mt19937 generator(4);
  std::vector<std::string> expected;
  std::string content;
  for (int i = 0; i < 200; ++i) {
    const std::size_t length = i % 10 == 0 ? generator() % 600'000 : generator() % 100;
    expected.push_back(std::string(length, static_cast<char>('a' + i % 26)));
    content += expected.back() + "\n";
  }
  CHECK(lines_of(folder.write("a", content)) == expected);
  CHECK(lines_of(folder.write("b", content.substr(0, content.size() - 1))) == expected);
  CHECK(lines_of(folder.write("c", test::gzip(content))) == expected);
}

// A zstd frame (RFC 8878) whose content is one byte, 65,536 times a block: four bytes a block.
std::string zstd_runs(std::uint32_t blocks) {
  std::string frame("\x28\xb5\x2f\xfd\x00\x30", 6);  // of unknown size, with a window of 64 KiB
  for (std::uint32_t block = 1; block <= blocks; ++block) {
    const std::uint32_t header = (std::uint32_t{1} << 16) << 3 | 1 << 1 | (block == blocks ? 1 : 0);
    for (int shift = 0; shift < 24; shift += 8) frame += static_cast<char>(header >> shift & 0xff);
    frame += 'x';
  }
  return frame;
}

TEST_CASE("few bytes that stand for very many are unpacked step by step") {
  const test::TemporaryFolder folder;
  CancelToken cancel;
  ByteSource source = ByteSource::file(folder.write("runs", zstd_runs(4096)), cancel);
  std::size_t all = 0;
  std::size_t most = 0;
  for (std::string buffer; source.read(buffer); buffer.clear()) {
    all += buffer.size();
    most = std::max(most, buffer.size());
  }
  CHECK(all == std::size_t{1} << 28);
  CHECK(most <= kDecompressorStep);
}

TEST_CASE("compressed data may end where a step does") {
  const test::TemporaryFolder folder;
  const std::vector<std::string> expected{std::string(kDecompressorStep, 'x')};
  CHECK(lines_of(folder.write("zst", zstd_runs(1))) == expected);
  CHECK(lines_of(folder.write("gz", test::gzip(expected[0]))) == expected);
  CHECK(lines_of(folder.write("both", test::gzip(expected[0]) + test::gzip("y\n"))) ==
        std::vector<std::string>{expected[0] + "y"});
}

TEST_CASE("a line beyond the limit is dropped and the next one read") {
  const test::TemporaryFolder folder;
  const std::string path =
      folder.write("a.txt", "before\n" + std::string(kMaxRecordBytes + 10, 'x') + "\nafter\n");
  CancelToken cancel;
  const auto records = open_records({.paths = {path}}, cancel);
  Record record;
  REQUIRE(records->next(record));
  CHECK(record.text == "before");
  REQUIRE(records->next(record));
  CHECK(record.error.find("a line of more than 64 MiB") != std::string::npos);
  REQUIRE(records->next(record));
  CHECK(record.text == "after");
  CHECK(record.line == 3);
  CHECK_FALSE(records->next(record));
}

TEST_CASE("a quoted field that never ends does not fill the memory") {
  const test::TemporaryFolder folder;
  std::string content = "text\n\"";
  while (content.size() < kMaxRecordBytes + 1000) content += std::string(999, 'x') + "\n";
  const std::string path = folder.write("a.csv", content);
  CancelToken cancel;
  const auto records = open_records({.paths = {path}}, cancel);
  Record record;
  REQUIRE(records->next(record));
  CHECK(record.error.find("a row of more than 64 MiB") != std::string::npos);
}

TEST_CASE("a cancelled source ends") {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("a.txt", "1\n2\n3\n");
  CancelToken cancel;
  const auto records = open_records({.paths = {path}}, cancel);
  Record record;
  CHECK(records->next(record));
  cancel.request();
  CHECK_FALSE(records->next(record));
}

TEST_CASE("ids become names that stay in their folder") {
  const auto name = [](const std::string& json) {
    Record record;
    record.fields.push_back({"id", json});
    record.id_field = 0;
    return safe_id(record);
  };
  CHECK(name("\"a b\"") == "a b");
  CHECK(name("7.50") == "7.50");
  CHECK(name("\"../../etc\"") == "_._.._etc");
  CHECK(name("\"..\"") == "_.");
  CHECK(name("\".hidden\"") == "_hidden");
  CHECK(name("\"a\u009b.\"") == "a_.");
  CHECK(name("\"a\u202Egnp\u200F.\u2066\u2028\"") == "a_gnp_.__");
  CHECK(name("\"\"") == "_");
  CHECK(name("\"a\\u0000\\n\\\\b\"") == "a___b");
  CHECK(name("\"" + std::string(300, 'x') + "\"").size() == 100);
}

TEST_CASE("records print with their results") {
  Record record;
  record.number = 4;
  record.line = 5;
  record.fields = {{"text", "\"a\""}, {"label", "1"}};
  RecordStyle style;
  style.result_names = {"label"};
  std::string out;
  begin_record(out, record, style);
  append_result_name(out, "label", style);
  CHECK(out + "2}" == R"({"id":4,"text":"a","label":2})");
  out.clear();
  begin_record(out, record, style, "label");
  CHECK(out == R"({"id":4,"text":"a","label":1)");
  CHECK(
      error_record(record, "input", "bad \xFF byte", style) ==
      "{\"id\":4,\"line\":5,\"error\":{\"kind\":\"input\",\"message\":\"bad \xEF\xBF\xBD byte\"}}");
  style.id_name = "line";
  CHECK(error_record(record, "input", "x", style) ==
        R"({"line":4,"error":{"kind":"input","message":"x"}})");
}

}  // namespace
}  // namespace convbert
