// The look at JSON, held against a parser of another hand.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/json_scan.h"

namespace convbert {
namespace {

using WideJson = nlohmann::basic_json<std::map, std::vector, std::string, bool, std::int64_t,
                                      std::uint64_t, long double>;

// Nothing where a number is larger than the parser can hold, which ends it.
std::optional<bool> accepts(const std::string& text) {
  try {
    return !WideJson::parse(text).is_discarded();
  } catch (const WideJson::parse_error&) {
    return false;
  } catch (const WideJson::out_of_range&) {
    return std::nullopt;
  }
}

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
    CHECK(check_json(text) == "");
    CHECK(accepts(text) == true);
  }
  for (const std::string& text : kBroken) {
    CAPTURE(text);
    CHECK(check_json(text) != "");
  }
}

TEST_CASE("numbers of any size are well formed") {
  for (const std::string number : {"1e1000", "1e5000", "-1E-99999", "1e+00000000000000000001"}) {
    CHECK(check_json("{\"n\":" + number + "}") == "");
  }
  CHECK(check_json(std::string(10'000, '9')) == "");
}

TEST_CASE("a NUL does not end a text") {
  using namespace std::string_view_literals;
  CHECK(check_json("{}\0"sv) == "not valid JSON at byte 3: something follows the value");
  CHECK(check_json("{\"a\":1}\0{\"b\":2}"sv) != "");
  CHECK(check_json("[1,\0 2]"sv) != "");
  CHECK(check_json("\"\0\""sv) != "");
  CHECK(check_json("\0"sv) != "");
}

TEST_CASE("what is wrong is told with its place") {
  CHECK(check_json("{\"a\":1,}") == "not valid JSON at byte 8: expected a name in double quotes");
  CHECK(check_json("{\"a\" 1}") == "not valid JSON at byte 6: expected a colon behind the name");
  CHECK(check_json("[1 2]") == "not valid JSON at byte 4: expected , or ]");
  CHECK(check_json("[1") == "not valid JSON at byte 3: it ends too early");
  CHECK(check_json("[nul]") == "not valid JSON at byte 2: expected a value");
  CHECK(check_json("[\"a\xFF\"]") == "invalid UTF-8 at byte 4");
  CHECK(check_json("[x\xFF]") == "not valid JSON at byte 2: expected a value");
}

TEST_CASE("limits hold where they are reached") {
  const std::string deep = "[[[1],2]]";
  CHECK(check_json(deep, {.depth = 3, .values = 5}) == "");
  CHECK(check_json(deep, {.depth = 2, .values = 5}) == "JSON nested deeper than 2 levels");
  CHECK(check_json(deep, {.depth = 3, .values = 4}) == "JSON with more than 4 values");
  std::vector<JsonMember> members;
  const std::string object = R"({"a":{"b":1,"c":2},"d":3})";
  CHECK(split_json_object(object, {.members = 2}, members) == "");
  members.clear();
  CHECK(split_json_object(object, {.members = 1}, members) ==
        "a JSON object of more than 1 members");
}

TEST_CASE("of a broken object the members before the break are found") {
  std::vector<JsonMember> members;
  CHECK(split_json_object(R"({"id": "x" ,"n":[1, 2],"text":"\ud800"})", {}, members) != "");
  REQUIRE(members.size() == 2);
  CHECK(members[0].key == "\"id\"");
  CHECK(members[0].value == "\"x\"");
  CHECK(members[1].value == "[1, 2]");
  members.clear();
  CHECK(split_json_object("{\"id\":7,\"text\":\"\xFF\"}", {}, members) ==
        "invalid UTF-8 at byte 17");
  REQUIRE(members.size() == 1);
  CHECK(members[0].value == "7");
}

TEST_CASE("whatever becomes of well-formed JSON, both say the same of it") {
  const std::string pieces = "{}[]:,\"\\ \n/bfnrtu0123456789abcdefDd8-+.eE\x01\x7F\x80\xC3\xA9\xED";
  std::mt19937 generator(6);
  int accepted = 0, rejected = 0;
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
    const bool is_accepted = check_json(text).empty();
    if (is_accepted != accepts(text).value_or(is_accepted)) FAIL_CHECK(text);
    ++(is_accepted ? accepted : rejected);
  }
  CHECK(accepted > 5'000);
  CHECK(rejected > 5'000);
}

}  // namespace
}  // namespace convbert
