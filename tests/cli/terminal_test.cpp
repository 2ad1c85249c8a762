// What a person at a terminal sees while a run lasts.
#include <doctest/doctest.h>

#include <algorithm>

#include "support/process.h"

namespace convbert::test {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string sentences(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += "sentence " + std::to_string(i);
    for (int word = 0; word < 60; ++word) text += " of some more words";
    text += "\n";
  }
  return text;
}

// What the status line showed, one after another.
std::vector<std::string> statuses(const std::string& shown) {
  constexpr std::string_view kBegin = "\r\x1b[K";
  std::vector<std::string> lines;
  for (std::size_t at = shown.find(kBegin); at != std::string::npos;) {
    const std::size_t begin = at + kBegin.size();
    at = shown.find(kBegin, begin);
    const std::string line = shown.substr(begin, at - begin);
    if (!line.empty() && !contains(line, "\n")) lines.push_back(line);
  }
  return lines;
}

TEST_CASE("the progress line fits the terminal" * doctest::skip(!has_terminals())) {
  const TemporaryFolder folder;
  const std::string path = folder.write("in.txt", sentences(500));
  for (const int columns : {30, 60, 80, 200}) {
    Process process({"embed", path, "-o", folder.path("out.jsonl")},
                    {.environment = {{"TERM", "xterm"}}, .terminals = {2}, .columns = columns});
    CHECK(process.read_error(columns < 60 ? " left" : "tokens/s"));
    process.signal(2);
    const ProcessResult result = process.wait();
    const auto lines = statuses(result.err);
    INFO(columns, " columns: ", result.err);
    CHECK_FALSE(lines.empty());
    for (const std::string& line : lines) CHECK(static_cast<int>(line.size()) < columns);
    CHECK(contains(lines.back(), "%"));
    CHECK(contains(lines.back(), "[") == (columns >= 80));
  }
}

TEST_CASE("no bar where it cannot be replaced, or is not wanted" *
          doctest::skip(!has_terminals())) {
  const TemporaryFolder folder;
  const std::string path = folder.write("in.txt", sentences(60));
  const auto shown = [&](const std::string& terminal, const std::string& flag) {
    return run_convbert({"embed", path, "-o", folder.path("out.jsonl"), flag, "--threads", "1"},
                        {.environment = {{"TERM", terminal}}, .terminals = {2}})
        .err;
  };
  CHECK_FALSE(contains(shown("dumb", "--no-normalize"), "\r\x1b"));
  CHECK_FALSE(contains(shown("xterm", "--quiet"), "\r\x1b"));
}

TEST_CASE("at a bare prompt the program says that it reads" * doctest::skip(!has_terminals())) {
  Process process({"tokenize", "-f", "text"},
                  {.environment = {{"TERM", "xterm"}}, .terminals = {0, 2}});
  CHECK(process.read_error("reading from the terminal; Ctrl-D ends"));
  process.write("hello\n");
  CHECK(process.read_line() == "[CLS] hello [SEP]");
  process.write("\x04");
  const ProcessResult result = process.wait();
  CHECK(result.status == 0);
  CHECK_FALSE(contains(result.err, "tokens/s"));
}

TEST_CASE("at a terminal maps are drawn and statistics are a table, unless a format is asked for" *
          doctest::skip(!has_terminals())) {
  const auto shown = [](std::vector<std::string> command) {
    command.insert(command.begin(), "attention");
    const ProcessResult result =
        run_convbert(command, {.environment = {{"TERM", "xterm"}}, .terminals = {1}});
    CHECK(result.status == 0);
    return result.out + result.err;
  };
  const auto has = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  const std::string drawn = shown({"-t", "hello you", "--layer", "0", "--head", "0"});
  CHECK(has(drawn, "[CLS]"));
  CHECK_FALSE(has(drawn, "{\"id\":"));
  CHECK(has(shown({"--stats", "-t", "hello you"}), "layer  head  kind"));
  CHECK(has(shown({"--stats", "-t", "hello you", "-f", "jsonl"}), "{\"layer\":0"));
  CHECK(has(shown({"-t", "hello you", "-f", "jsonl"}), "{\"id\":0"));
}

TEST_CASE("at a terminal texts on the spot give a table that fits it" *
          doctest::skip(!has_terminals())) {
  const auto shown = [](const std::vector<std::string>& command, int columns) {
    const ProcessResult result = run_convbert(
        command, {.environment = {{"TERM", "xterm"}}, .terminals = {1}, .columns = columns});
    CHECK(result.status == 0);
    return result.out + result.err;
  };
  const std::string classified =
      shown({"classify", "-t", "A quietly brilliant film.", "-t", "Dull."}, 120);
  CHECK(contains(classified, "id  text                       label     score   scores"));
  CHECK(contains(classified, "0   A quietly brilliant film.  positive  0."));
  CHECK_FALSE(contains(classified, "truncated"));  // nothing was

  const std::string embedded = shown({"embed", "-t", "A dog sleeps."}, 60);
  CHECK(contains(embedded, "id  text           embedding"));
  CHECK(contains(embedded, "\u2026"));
  for (std::size_t begin = 0; begin < embedded.size();) {
    const std::size_t end = std::min(embedded.find('\n', begin), embedded.size());
    CHECK(end - begin <= 60 + 3);  // the ellipsis has three bytes, the line a \r before its end
    begin = end + 1;
  }

  // Elsewhere nothing is lost.
  const std::string whole = run_convbert({"embed", "-t", "A dog sleeps.", "-f", "table"}).out;
  CHECK(contains(whole, "id  text           embedding"));
  CHECK_FALSE(contains(whole, "\u2026"));
  CHECK(std::ranges::count(whole, ',') == 255);  // between 256 numbers

  CHECK(contains(shown({"embed", "--dim", "4", "-t", "hi", "-f", "jsonl"}, 80), "{\"id\":0"));
  CHECK(run_convbert({"embed", "--dim", "4", "-t", "hi"}).out.starts_with("{\"id\":0"));
}

}  // namespace
}  // namespace convbert::test
