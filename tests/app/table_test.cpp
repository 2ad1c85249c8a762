// Tables for people.
#include "cli/table.h"

#include <doctest/doctest.h>

namespace convbert::app {
namespace {

TEST_CASE("columns are as wide as their widest cell, two spaces apart") {
  Table table({Align::left, Align::right});
  table.add({"part", "ms"});
  table.add({"convolution", "1234"});
  CHECK(table.text() == "part           ms\nconvolution  1234\n");
}

TEST_CASE("a line does not end with spaces") {
  Table table({Align::left});
  table.add({"a", "long"});
  table.add({"long", "b"});
  table.add({"alone"});
  CHECK(table.text() == "a      long\nlong   b\nalone\n");
}

TEST_CASE("a letter of several bytes is as wide as one") {
  Table table({Align::left});
  table.add({"\u00e9t\u00e9", "x"});
  table.add({"abcd", "y"});
  CHECK(table.text() == "\u00e9t\u00e9   x\nabcd  y\n");
}

TEST_CASE("a table that is too wide loses the ends of its widest cells") {
  const auto fitted = [](std::size_t width) {
    Table table({Align::left});
    table.add({"id", "text", "scores"});
    table.add({"0", "\u00e9t\u00e9 after \u00e9t\u00e9", "[0.25,0.5,0.25]"});
    table.fit(width);
    return table.text();
  };
  CHECK(fitted(34) ==
        "id  text           scores\n0   \u00e9t\u00e9 after \u00e9t\u00e9  [0.25,0.5,0.25]\n");
  CHECK(fitted(30) ==
        "id  text          scores\n0   \u00e9t\u00e9 after \u00e9\u2026  [0.25,0.5,0\u2026\n");
  CHECK(fitted(26) == "id  text        scores\n0   \u00e9t\u00e9 after\u2026  [0.25,0.5\u2026\n");
  CHECK(fitted(0) == "\u2026  \u2026  \u2026\n0  \u2026  \u2026\n");
  Table nothing({Align::left});
  nothing.fit(10);
  CHECK(nothing.text().empty());
}

TEST_CASE("a table of nothing is nothing") {
  CHECK(Table({Align::left}).empty());
  CHECK(Table({Align::left}).text().empty());
}

}  // namespace
}  // namespace convbert::app
