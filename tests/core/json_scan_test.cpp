// The quick look at JSON, held against the parser that decides where it is not sure.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/json_scan.h"

namespace convbert {
namespace {

using WideJson = nlohmann::basic_json<std::map, std::vector, std::string, bool, std::int64_t,
                                      std::uint64_t, long double>;

const std::vector<std::string> kWellFormed = {
    R"({"id":17,"text":"Plain words, and \"quoted\" ones.","n":[1.10,-0,2e9,1E-05,null]})",
    R"( { "a" : true , "b" : [ false , { } , [ ] , "" ] } )",
    R"({"text":"\ud83d\ude00 \u00e9\n\t\\\/\b\f\r \u2028","text":"twice"})",
    "{\"text\":\"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 \x7F\"}",
    R"([[[[[[[["deep"]]]]]]]])",
    R"("alone")",
    "-12.5e+100",
    "1180591620717411303424",
    "null",
    "\t[]\r\n"};

const std::vector<std::string> kBroken = {"",
                                          " ",
                                          "{",
                                          "[1,]",
                                          "[,1]",
                                          "{\"a\"}",
                                          "{\"a\":}",
                                          "{\"a\":1,}",
                                          "{1:2}",
                                          "01",
                                          "-",
                                          "1.",
                                          ".5",
                                          "+1",
                                          "1e",
                                          "1e+",
                                          "nul",
                                          "True",
                                          "\"",
                                          "\"\\\"",
                                          "\"\\x\"",
                                          "\"\\u12\"",
                                          "\"\\u12g4\"",
                                          "\"\\u-123\"",
                                          "[1]]",
                                          "[1 2]",
                                          "\"\n\"",
                                          "\"\\ud800\"",
                                          "\"\\udc00\"",
                                          "\"\\ud800\\u0041\"",
                                          "\"\\ud800x\"",
                                          "NaN",
                                          "1 1",
                                          "[\"a\" :1]",
                                          "{\"a\" 1}",
                                          "\"\xC3\"",
                                          "\"\xED\xA0\x80\"",
                                          "\"\xC0\xAF\"",
                                          "\xC3\xA9"};

TEST_CASE("what is well formed is seen as such, and what is broken never") {
  for (const std::string& text : kWellFormed) {
    CAPTURE(text);
    CHECK(is_plain_json(text, {}));
    CHECK(WideJson::accept(text));
  }
  for (const std::string& text : kBroken) {
    CAPTURE(text);
    CHECK_FALSE(is_plain_json(text, {}));
    CHECK(check_json(text) != "");
  }
  // Not sure, though there is nothing wrong.
  CHECK_FALSE(is_plain_json("1e1000", {}));
  CHECK(check_json("1e1000") == "");
}

TEST_CASE("limits are those of check_json") {
  const std::string deep = "[[[1],2]]";
  CHECK(is_plain_json(deep, {.depth = 3, .values = 5}));
  CHECK_FALSE(is_plain_json(deep, {.depth = 2, .values = 5}));
  CHECK_FALSE(is_plain_json(deep, {.depth = 3, .values = 4}));
  CHECK(check_json(deep, {.depth = 3, .values = 5}) == "");
  CHECK(check_json(deep, {.depth = 2, .values = 5}) != "");
  CHECK(check_json(deep, {.depth = 3, .values = 4}) != "");
}

TEST_CASE("whatever becomes of well-formed JSON, the parser never rejects what the look accepts") {
  const std::string pieces = "{}[]:,\"\\ \n/bfnrtu0123456789abcdefDd8-+.eE\x01\x7F\x80\xC3\xA9\xED";
  std::mt19937 generator(6);
  int plain = 0, rejected = 0;
  for (int i = 0; i < 60'000; ++i) {
    std::string text = kWellFormed[generator() % kWellFormed.size()];
    for (auto changes = 1 + generator() % 3; changes > 0; --changes) {
      const std::size_t place = generator() % (text.size() + 1);
      const std::size_t dropped = generator() % 3;
      std::string put;
      for (auto size = generator() % 3; size > 0; --size)
        put += pieces[generator() % pieces.size()];
      text.replace(place, dropped, put);
    }
    if (!is_plain_json(text, {})) {
      ++rejected;
      continue;
    }
    ++plain;
    if (!WideJson::accept(text)) FAIL_CHECK(text);
  }
  CHECK(plain > 5'000);
  CHECK(rejected > 5'000);
}

}  // namespace
}  // namespace convbert
