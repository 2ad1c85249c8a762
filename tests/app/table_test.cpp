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

TEST_CASE("a table of nothing is nothing") {
  CHECK(Table({Align::left}).empty());
  CHECK(Table({Align::left}).text().empty());
}

}  // namespace
}  // namespace convbert::app
