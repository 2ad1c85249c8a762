// `attention --format png|svg|pdf|html|terminal`.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/process.h"

namespace convbert::test {
namespace {

const std::string kModels = std::string(CONVBERT_TEST_DATA) + "/models/";

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

ProcessResult attention(std::vector<std::string> arguments, const ProcessOptions& options = {}) {
  arguments.insert(arguments.begin(), "attention");
  return run_convbert(arguments, options);
}

TEST_CASE("a picture in the format that the file's name says") {
  const TemporaryFolder folder;
  for (const auto& file : {std::pair<std::string, std::string>{"map.png", "\x89PNG"},
                           {"map.svg", "<?xml"},
                           {"map.pdf", "%PDF"},
                           {"map.html", "<!DOCTYPE html>"}}) {
    const std::string path = folder.path(file.first);
    const ProcessResult result = attention({"-t", "a few words", "-o", path});
    INFO(file.first, ": ", result.err);
    CHECK(result.status == 0);
    CHECK(result.out == "");
    CHECK(read_file(path).starts_with(file.second));
  }
}

TEST_CASE("the same picture, whatever the threads") {
  const std::vector<std::string> flags{"-t", "a few words", "-f", "svg", "--threads"};
  const auto with = [&](const std::string& threads) {
    std::vector<std::string> arguments = flags;
    arguments.push_back(threads);
    return attention(arguments).out;
  };
  CHECK(with("1") == with("2"));
}

TEST_CASE("a file for each record, and one page for all") {
  const TemporaryFolder folder;
  const std::string input =
      "{\"id\":\"a/b\",\"text\":\"one\"}\n{\"id\":\"a_b\",\"text\":\"two\"}\n"
      "{\"id\":\"c\",\"text\":\"three\"}\n";
  const std::string files = folder.path("files");
  const ProcessResult result =
      attention({"-f", "png", "--map", "mixed", "--out-dir", files}, {.input = input});
  CHECK(result.status == 0);
  CHECK(read_file(files + "/a_b~2.png").starts_with("\x89PNG"));
  CHECK(read_file(files + "/a_b.png").starts_with("\x89PNG"));
  CHECK(std::filesystem::exists(files + "/c.png"));

  const ProcessResult again =
      attention({"-t", "one", "-f", "html", "--out-dir", files}, {.input = ""});
  CHECK(again.status == 0);
  CHECK(contains(again.err, "is not empty"));
  CHECK(contains(read_file(files + "/0.html"), "</html>"));

  const ProcessResult page =
      attention({"-f", "html", "--compare", kModels + "bert-plain"}, {.input = "one\ntwo\n"});
  CHECK(page.status == 0);
  CHECK(contains(page.out, "Attention of convbert-mini and bert-plain"));
  CHECK(contains(page.out, "</html>"));
}

TEST_CASE("two texts in one picture are refused, and no file appears") {
  const TemporaryFolder folder;
  const std::string path = folder.path("map.png");
  const ProcessResult result = attention({"-t", "a", "-t", "b", "-o", path});
  CHECK(result.status == 2);
  CHECK(contains(result.err, "--out-dir DIR writes a file for each"));
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a picture that would be too large") {
  const TemporaryFolder folder;
  const std::string path = folder.path("map.png");
  const ProcessResult result =
      attention({"-t", "a few words", "-o", path, "--resolution", "2400", "--width", "14400"});
  CHECK(result.status == 1);
  CHECK(contains(
      result.err,
      " tokens; expected fewer: --from and --to, --words, --layer and --head take fewer, a smaller "
      "--width draws them smaller\n"));
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("folders that cannot be written") {
  const ProcessResult result = attention({"-t", "a", "-f", "png", "--out-dir", "/proc/nowhere"});
  CHECK(result.status == 2);
  CHECK(contains(result.err, "/proc/nowhere: cannot create the folder"));
}

TEST_CASE("statistics as a picture, of texts that there are") {
  const ProcessResult result = attention({"--stats", "-f", "svg"}, {.input = "a few words\n"});
  CHECK(result.status == 0);
  CHECK(contains(result.out, "</svg>"));
  const ProcessResult none = attention({"--stats", "-f", "svg"}, {.input = ""});
  CHECK(none.status == 2);
  CHECK(contains(none.err, "no text"));
}

TEST_CASE("in a terminal: plain in a pipe, coloured where asked for, as wide as there is room") {
  const ProcessOptions narrow{.environment = {{"COLUMNS", "60"}, {"LC_ALL", "C.UTF-8"}}};
  const std::vector<std::string> flags{"-t", "The ferry leaves at six.", "-f", "terminal"};
  const ProcessResult plain = attention(flags, narrow);
  CHECK(plain.status == 0);
  CHECK(contains(plain.out, "ferry"));
  CHECK_FALSE(contains(plain.out, "\x1b"));
  for (const std::string& line : split_lines(plain.out)) CHECK(line.size() <= 60);
  std::vector<std::string> coloured = flags;
  coloured.insert(coloured.end(), {"--color", "always"});
  CHECK(contains(attention(coloured, narrow).out, "\x1b[48;5;"));
  ProcessOptions true_colour = narrow;
  true_colour.environment["COLORTERM"] = "truecolor";
  CHECK(contains(attention(coloured, true_colour).out, "\x1b[48;2;"));
}

TEST_CASE("in a terminal texts that follow one another are told apart by their ids") {
  const ProcessResult two = attention({"-t", "one", "-t", "two", "-f", "terminal"});
  CHECK(two.out.starts_with("0\nself-attention\n"));
  CHECK(contains(two.out, "\n\n1\nself-attention\n"));
  const ProcessResult named = attention(
      {"-f", "terminal", "--input-format", "jsonl"},
      {.input = "{\"id\": \"a\\u202eb\", \"text\": \"one\"}\n", .environment = {{"LC_ALL", "C"}}});
  CHECK(named.out.starts_with("a?b\nself-attention\n"));
  CHECK(attention({"-t", "one", "-f", "terminal"}).out.starts_with("self-attention\n"));
}

TEST_CASE("pictures look as the flags say") {
  const auto picture = [](const std::string& format, const std::vector<std::string>& flags) {
    std::vector<std::string> arguments{"-t", "a few words", "--layer", "0", "-f", format};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    const ProcessResult result = attention(arguments);
    INFO(result.err);
    CHECK(result.status == 0);
    return result.out;
  };
  // The first colour of a picture is that of its ground; cairo 1.18 puts spaces between its
  // numbers.
  const auto ground = [](const std::string& svg) {
    const std::size_t begin = svg.find("rgb(");
    std::string color = svg.substr(begin, svg.find(')', begin) - begin);
    std::erase(color, ' ');
    return color;
  };
  const std::string light = picture("svg", {"--theme", "light", "--scale", "linear"});
  CHECK(light == picture("svg", {}));
  CHECK(ground(light) == "rgb(100%,100%,100%");
  CHECK(ground(picture("svg", {"--theme", "dark"})).starts_with("rgb(7.8"));
  CHECK(contains(picture("svg", {"--width", "300"}), "width=\"300pt\""));
  CHECK(contains(picture("terminal", {"--scale", "log"}), "weight, log\n"));
  CHECK_FALSE(contains(picture("terminal", {"--scale", "linear"}), "log"));
  // The width in pixels stands at byte 16, big-endian: 300 points of 1/72 inch, 96 pixels an inch.
  const std::string png = picture("png", {"--width", "300", "--resolution", "96"});
  CHECK(png.substr(16, 4) == std::string("\0\0\x01\x90", 4));
}

TEST_CASE("a width that cannot hold the picture is a mistake of usage") {
  const TemporaryFolder folder;
  const std::string path = folder.path("map.png");
  for (const std::vector<std::string>& what :
       {std::vector<std::string>{"-t", "a few words"}, {"-t", "a few words", "--stats"}}) {
    std::vector<std::string> arguments = what;
    arguments.insert(arguments.end(), {"-o", path, "--width", "40"});
    const ProcessResult result = attention(arguments);
    CHECK(result.status == 2);
    CHECK(contains(result.err, "--width 40: expected at least "));
    CHECK(split_lines(result.err).size() == 1);
    CHECK_FALSE(std::filesystem::exists(path));
  }
}

TEST_CASE("how pictures look is for pictures") {
  for (const auto& [flags, reason] :
       {std::pair<std::vector<std::string>, std::string>{{"--theme", "dark"}, "--theme is for"},
        {{"-f", "html", "--width", "300"}, "as wide as its window"},
        {{"-f", "svg", "--theme", "dark", "--resolution", "300"}, "--resolution is for"},
        {{"-f", "png", "--scale", "cubic"}, "--scale"},
        {{"-f", "png", "--stats", "--scale", "log"}, "--scale is for maps"},
        {{"-f", "svg", "--stats", "--scale", "linear"}, "--scale is for maps"},
        {{"-f", "terminal", "--out-dir", "x"}, "is one stream"},
        {{"-f", "png", "--compare", "convbert-mini"}, "--compare: expected"}}) {
    std::vector<std::string> arguments{"-t", "a"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    const ProcessResult result = attention(arguments);
    INFO(result.err);
    CHECK(result.status == 2);
    CHECK(contains(result.err, reason));
  }
}

}  // namespace
}  // namespace convbert::test
