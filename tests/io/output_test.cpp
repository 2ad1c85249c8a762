// Files that appear whole, what is kept of them, and how they are packed.
#include <doctest/doctest.h>

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/utf8.h"
#include "io/byte_source.h"
#include "io/compressors.h"
#include "io/delimited_writer.h"
#include "io/npy.h"
#include "io/output_file.h"
#include "support/process.h"

namespace convbert {
namespace {

namespace fs = std::filesystem;

std::string what(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("a partial file has one writer") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path("out");
  CHECK_FALSE(OutputFile::take_up(path));
  {
    OutputFile first = OutputFile::create(path);
    first.write("abc");
    CHECK(what([&] { OutputFile::create(path); }).ends_with("another process is writing it"));
    CHECK(what([&] { OutputFile::take_up(path); }).ends_with("another process is writing it"));
  }
  auto second = OutputFile::take_up(path);
  REQUIRE(second);
  CHECK(second->size() == 3);
  second->cut(2);
  second->write("d");
  second->finish();
  CHECK(test::read_file(path) == "abd");
  CHECK_FALSE(OutputFile::take_up(path));
}

TEST_CASE("a partial file that another took the place of does not become the final one") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path("out");
  OutputFile file = OutputFile::create(path);
  file.write("mine");
  fs::remove(path + ".partial");
  folder.write("out.partial", "another's");
  CHECK(what([&] { file.finish(); }).ends_with("was removed or replaced meanwhile"));
  CHECK_FALSE(fs::exists(path));
  CHECK(test::read_file(path + ".partial") == "another's");
}

TEST_CASE("what was kept beside a partial file goes when that is begun anew or finished") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path("out");
  const std::string state = folder.write("out.partial.state", "x");
  CHECK(OutputFile::state_path(path) == state);
  OutputFile file = OutputFile::create(path);
  CHECK_FALSE(fs::exists(state));
  folder.write("out.partial.state", "y");
  file.finish();
  CHECK_FALSE(fs::exists(state));
}

TEST_CASE("an empty partial file does not stay, one that holds something does") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path("out");
  { const OutputFile file = OutputFile::create(path); }
  CHECK(fs::is_empty(folder.path()));
  {
    OutputFile file = OutputFile::create(path);
    file.write("a");
  }
  CHECK(fs::exists(path + ".partial"));
}

TEST_CASE("a pipe or a file in the place of a partial file is left alone") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path("out");
  REQUIRE(::mkfifo((path + ".partial").c_str(), 0600) == 0);
  CHECK(what([&] { OutputFile::create(path); }).find("expected a regular file") !=
        std::string::npos);
}

TEST_CASE("compressed bytes come back, in pieces of any size") {
  std::string text;
  for (int i = 0; i < 40'000; ++i) text += std::to_string(i * i % 977) + (i % 9 == 0 ? "\n" : " ");
  const test::TemporaryFolder folder;
  for (const char* name : {"a.gz", "a.zst"}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{4097}, text.size()}) {
      const std::string path = folder.path(name);
      const Compression compression = compression_of(path);
      OutputFile file = OutputFile::create(path, {.compression = compression});
      CHECK_FALSE(file.is_seekable());
      for (std::size_t at = 0; at < text.size(); at += piece) {
        file.write(std::string_view(text).substr(at, piece));
      }
      file.finish();
      const CancelToken never;
      ByteSource source = ByteSource::file(path, never);
      std::string back;
      while (source.read(back)) {
      }
      CHECK(back == text);
      CHECK(test::read_file(path).size() < text.size() / 2);
    }
  }
  CHECK(compression_of("a.jsonl") == Compression::none);
  CHECK(without_compression("a.jsonl.gz") == "a.jsonl");
  CHECK(without_compression("a.zst") == "a");
}

TEST_CASE("texts that come one by one make the same array") {
  std::vector<std::string> texts{"", "a", "\xC3\xA9\xF0\x9F\x98\x80", "a"};
  texts[3] = std::string("a\0b", 3);
  texts.resize(50, std::string(kMostNpyCharacters, 'x'));  // more than stays in memory
  for (int i = 0; i < 50; ++i) texts.push_back(std::to_string(i));
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{4}, texts.size()}) {
    const std::vector<std::string> some(texts.begin(),
                                        texts.begin() + static_cast<std::ptrdiff_t>(count));
    NpyStrings strings;
    for (const std::string& text : some) strings.add(text);
    std::string array;
    strings.write([&](std::string_view bytes) { array += bytes; });
    CHECK(array == npy_array(some));
  }
}

TEST_CASE("a text that would widen every other in an array is refused") {
  const std::string wide(kMostNpyCharacters + 1, 'x');
  CHECK_THROWS_AS(npy_array(std::vector<std::string>{"a", wide}), Error);
  NpyStrings strings;
  strings.add("a");
  try {
    strings.add(wide);
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::input);
    CHECK(
        std::string(error.what()).find("a text of 4097 characters; an array holds at most 4096") !=
        std::string::npos);
  }
  std::string array;
  strings.write([&](std::string_view bytes) { array += bytes; });
  CHECK(array == npy_array(std::vector<std::string>{"a"}));
}

TEST_CASE("cells of tables, ours and those of the input") {
  const TableStyle csv{.delimiter = ';', .has_quotes = true};
  const TableStyle tsv;
  const auto ours = [](std::string_view text, const TableStyle& style) {
    std::string out;
    append_cell(out, text, style);
    return out;
  };
  const auto given = [](std::string_view text, const TableStyle& style, Quotes quotes) {
    std::string out;
    append_given_cell(out, text, style, quotes);
    return out;
  };
  CHECK(ours("a,b", csv) == "a,b");
  CHECK(ours("a;b", csv) == "\"a;b\"");
  CHECK(ours("a\n\"b\"\x1b", csv) == "\"a\n\"\"b\"\" \"");
  CHECK(ours("a\n\"b\"\x1b", tsv) == "a \"b\" ");
  CHECK(given("007", csv, Quotes::always) == "\"007\"");
  CHECK(given("", csv, Quotes::always) == "\"\"");
  CHECK(given("\x1b\r\t", csv, Quotes::where_needed) == "\"\x1b\r\t\"");
  CHECK(given("\x1b\xC2\x85\t", tsv, Quotes::always) == "\x1b\xC2\x85 ");
  CHECK(given("\x1b\n|\r", {.has_quotes = true, .keeps_controls = false}, Quotes::where_needed) ==
        "\" \n| \"");
}

TEST_CASE("nothing in a cell ends its line or reaches a terminal") {
  const auto cell = [](std::string_view text) {
    std::string out = "<";
    append_tsv_text(out, text);
    return out + ">";
  };
  CHECK(cell("a b") == "<a b>");
  CHECK(cell("a\tb\nc\rd\x1b[31m\x7f") == "<a b c d [31m >");
  CHECK(cell(std::string_view("\0x", 2)) == "< x>");
  CHECK(cell("\xC2\x85|\xC2\x9B|\xC2\xA0|\xC3\xA9") == "< | |\xC2\xA0|\xC3\xA9>");
  CHECK(cell("\xE2\x80\xA8|\xE2\x80\xA9|\xE2\x80\xA7|\xE2\x80") == "< | |\xE2\x80\xA7|\xE2\x80>");
  CHECK(cell("\xC2") == "<\xC2>");
}

}  // namespace
}  // namespace convbert
