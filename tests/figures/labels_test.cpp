#include "figures/labels.h"

#include <doctest/doctest.h>

namespace convbert {
namespace {

TEST_CASE("no label acts on a terminal or turns what stands beside it around") {
  CHECK(visible_label("a\x1b[31mb") == "a\uFFFD[31mb");
  CHECK(visible_label("\r\n\t\x7f") == "\uFFFD\uFFFD\uFFFD\uFFFD");
  CHECK(visible_label("\u009b31m") == "\uFFFD31m");              // CSI in one character
  CHECK(visible_label("\u202Eabc\u2066") == "\uFFFDabc\uFFFD");  // right to left
  CHECK(visible_label("\u2028") == "\uFFFD");
  CHECK(visible_label("\xff\xfe") == "\uFFFD\uFFFD");
  CHECK(visible_label("\U000E0041") == "\uFFFD");
  CHECK(visible_label("naïve 今天 مرحبا 👩‍👧") ==
        "naïve 今天 مرحبا 👩‍👧");
}

TEST_CASE("a label is not longer than anybody reads") {
  CHECK(visible_label(std::string(200, 'a')) == std::string(200, 'a'));
  CHECK(visible_label(std::string(100'000, 'a')) == std::string(200, 'a') + "\u2026");
  const std::string accents = visible_label("a" + std::string(50'000, '\xcc'));
  CHECK(accents.size() < 1000);
}

TEST_CASE("columns of a terminal") {
  CHECK(terminal_columns("abc") == 3);
  CHECK(terminal_columns("今天") == 4);
  CHECK(terminal_columns("e\u0301") == 1);
  CHECK(cut_label("abcdef", 4, "~") == "abc~");
  CHECK(cut_label("abcd", 4, "~") == "abcd");
  CHECK(cut_label("今天天气", 4, "~") == "今~");
  CHECK(cut_label("e\u0301abc", 2, "~") == "e\u0301~");
  CHECK(cut_label("abc", 0, "~").empty());
}

}  // namespace
}  // namespace convbert
