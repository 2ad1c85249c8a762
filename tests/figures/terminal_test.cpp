#include "figures/terminal/terminal.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "core/error.h"
#include "figures/labels.h"
#include "figures/sample_text_maps.h"

namespace convbert {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Without its SGR sequences, of which each must be whole; any other control character stays.
std::string without_colors(const std::string& line) {
  std::string plain;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const std::size_t end = std::string_view(line).substr(at).starts_with("\x1b[")
                                ? line.find_first_not_of("0123456789;", at + 2)
                                : std::string::npos;
    if (end != std::string::npos && line[end] == 'm') {
      at = end;
    } else {
      plain += line[at];
    }
  }
  return plain;
}

bool has_controls(const std::string& text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

constexpr std::array kAllColors = {TerminalColors::none, TerminalColors::indexed,
                                   TerminalColors::truecolor};

TEST_CASE("a map in plain characters") {
  const TextMaps maps = text_maps(
      {"[CLS]", "cat", "[SEP]"},
      {map_set(MapType::attention, {1}, {4}, 3, 3, [](auto, std::int64_t i, std::int64_t j) {
        return i == j ? 0.8 : 0.4 * static_cast<double>(j == 0);
      })});
  TerminalStyle style;
  style.unicode = false;
  CHECK(draw_terminal(maps, style) ==
        "self-attention\n"
        "        L1 H4\n"
        "        0 1 2\n"
        "0 [CLS] @@\n"
        "1 cat   ++@@\n"
        "2 [SEP] ++  @@\n"
        "0  .::-=+*##%@ 0.8 weight\n");
}

TEST_CASE("kernels beyond the ends of the text are marked, of a part only the ends that it has") {
  TextMaps maps = text_maps(
      {"a", "b"}, {map_set(MapType::conv, {0}, {0}, 2, 3, [](auto, auto, auto) { return 1; })});
  const auto drawn = [&] {
    const std::vector<std::string> lines = lines_of(draw_terminal(maps, {}));
    return lines[3] + "|" + lines[4];
  };
  CHECK(lines_of(draw_terminal(maps, {}))[2] == "    -1 0 1");
  CHECK(drawn() == "0 a //@@@@|1 b @@@@//");
  maps.length = 3;  // cut behind
  CHECK(drawn() == "0 a //@@@@|1 b @@@@@@");
  maps.first = 1;  // cut before
  CHECK(drawn() == "1 a @@@@@@|2 b @@@@//");
  maps.length = 0;  // not known
  CHECK(drawn() == "1 a @@@@@@|2 b @@@@@@");
}

TEST_CASE("a line of several rows is marked where all of them are beyond the ends of the text") {
  // At 44 columns 176 rows are two a line.
  const TextMaps maps =
      text_maps(numbered_labels(176),
                {map_set(MapType::conv, {0}, {0}, 176, 5, [](auto, auto, auto) { return 1; })});
  TerminalStyle style;
  style.width = 44;
  const std::string drawn = draw_terminal(maps, style);
  const std::vector<std::string> lines = lines_of(drawn);
  CHECK(lines[3] == "  0 t0   //@@@@@@@@");
  CHECK(lines[4] == "  2 t2   @@@@@@@@@@");
  CHECK(lines[90] == "174 t174 @@@@@@@@//");
  CHECK(drawn.find("// beyond the ends of the text\n") != std::string::npos);
}

TEST_CASE("a text's id stands above its maps where it is asked for, and does nothing") {
  TextMaps maps = text_maps(
      {"a"}, {map_set(MapType::attention, {0}, {0}, 1, 1, [](auto, auto, auto) { return 1; })});
  maps.id = "7\x1b[2J" + std::string(100, 'x');
  TerminalStyle style;
  CHECK(draw_terminal(maps, style).starts_with("self-attention\n"));
  style.names_text = true;
  const std::vector<std::string> lines = lines_of(draw_terminal(maps, style));
  CHECK(lines[0].starts_with("7\uFFFD[2Jxxx"));
  CHECK(terminal_columns(lines[0]) == 80);
  CHECK(lines[1] == "self-attention");
}

TEST_CASE("lines keep to the width, end their colours and hold no control characters") {
  TextMaps maps = sample_text_maps();
  for (std::int64_t count : {1, 40, 300}) {
    maps.sets.push_back(map_set(
        MapType::attention, {0}, {0, 1}, count, count,
        [](auto, std::int64_t i, std::int64_t j) { return 1.0 / static_cast<double>(1 + i + j); }));
    maps.labels = numbered_labels(count);
    maps.labels[0] = "\x1b[2J\u4eca\u5929 a very long label\n";
    maps.sets.erase(maps.sets.begin(), maps.sets.end() - 1);
    for (const TerminalColors colors : kAllColors) {
      for (const std::int64_t width : {44, 80, 131}) {
        for (const bool unicode : {false, true}) {
          TerminalStyle style;
          style.width = width;
          style.colors = colors;
          style.unicode = unicode;
          for (const std::string& line : lines_of(draw_terminal(maps, style))) {
            const std::string plain = without_colors(line);
            CHECK(terminal_columns(plain) <= width);
            CHECK_FALSE(has_controls(plain));
            CHECK((plain == line || line.ends_with("\x1b[0m") || plain.find("weight") < 60));
            if (!unicode) {
              CHECK(std::ranges::all_of(plain, [](char c) { return c >= ' ' && c <= '~'; }));
            }
          }
        }
      }
    }
  }
}

TEST_CASE("a weight among many is not lost in a small map") {
  const TextMaps maps = text_maps(
      numbered_labels(400),
      {map_set(MapType::attention, {0}, {0}, 400, 400,
               [](auto, std::int64_t i, std::int64_t j) { return i == 123 && j == 321 ? 1 : 0; })});
  const std::string text = draw_terminal(maps, {});
  CHECK(std::ranges::count(text.substr(0, text.find("\n0  ")), '@') >= 1);
  CHECK(text.find("a cell: the largest of") != std::string::npos);
}

TEST_CASE("every form of map is drawn in a terminal") {
  const TextMaps maps = sample_text_maps();
  for (const TerminalColors colors : kAllColors) {
    TerminalStyle style;
    style.colors = colors;
    style.theme = Theme::light;
    style.scale = WeightScale::logarithmic;
    const std::string text = draw_terminal(maps, style);
    for (const char* part : {"self-attention", "layer 2", "convolution kernels", "rollout",
                             "before and behind", "share", ", log"}) {
      INFO(part);
      CHECK(text.find(part) != std::string::npos);
    }
  }
  CHECK_THROWS_AS(draw_terminal({}, {}), Error);
}

}  // namespace
}  // namespace convbert
