// Names that must differ.
#include "run/unique_names.h"

#include <doctest/doctest.h>

#include <set>

namespace convbert::app {
namespace {

TEST_CASE("a name given out before gets a number") {
  UniqueNames names;
  CHECK(names.make_unique("a") == "a");
  CHECK(names.make_unique("a") == "a~2");
  CHECK(names.make_unique("b") == "b");
  CHECK(names.make_unique("a") == "a~3");
}

TEST_CASE("a name that looks like a numbered one is not given out twice") {
  UniqueNames names;
  std::set<std::string> given;
  for (const char* name : {"a~2", "a", "a", "a~2", "a", "a~3", "a~2~2"}) {
    INFO(name);
    CHECK(given.insert(names.make_unique(name)).second);
  }
}

TEST_CASE("add() tells a new name from an old one") {
  UniqueNames names;
  CHECK(names.add("a"));
  CHECK_FALSE(names.add("a"));
  CHECK(names.make_unique("a") == "a~2");
  CHECK_FALSE(names.add("a~2"));
}

TEST_CASE("names that a file system would not tell apart") {
  CHECK(folded_name("A\xC3\x89x") == "ae\xCC\x81x");
  UniqueNames names(UniqueNames::Compare::folded);
  CHECK(names.make_unique("a") == "a");
  CHECK(names.make_unique("A") == "A~2");
  CHECK(names.make_unique("a~2") == "a~2~2");
  CHECK(names.make_unique("\xC3\xA9") == "\xC3\xA9");
  CHECK(names.make_unique("E\xCC\x81") == "E\xCC\x81~2");
}

TEST_CASE("many equal names cost no more than many different ones") {
  // The square of this number of look-ups would take minutes.
  constexpr int kCount = 200'000;
  UniqueNames names;
  std::string last;
  for (int i = 0; i < kCount; ++i) last = names.make_unique("same");
  CHECK(last == "same~200000");
}

}  // namespace
}  // namespace convbert::app
