// What lib/io writes many at a time, held against the plainest way to write it.
#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "io/decimal.h"
#include "io/json_strings.h"
#include "io/json_text.h"

namespace convbert {
namespace {

struct Range {
  std::uint32_t begin;
  std::uint32_t end;
};

// Of all lengths alike, with the ends of each.
std::vector<std::uint32_t> numbers_of_all_lengths() {
  std::vector<std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < 2'100; ++i) numbers.push_back(i);
  for (std::uint64_t power = 10; power <= UINT32_MAX; power *= 10) {
    for (const std::uint64_t i : {power - 1, power, power + 1, 2 * power + power / 10}) {
      numbers.push_back(static_cast<std::uint32_t>(i));
    }
  }
  std::mt19937 generator(3);
  for (int i = 0; i < 100'000; ++i) numbers.push_back(generator() >> generator() % 32);
  numbers.push_back(UINT32_MAX);
  return numbers;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text = "[";
  for (const std::string& part : parts) text += (text.size() > 1 ? "," : "") + part;
  return text + "]";
}

TEST_CASE("whole numbers have the digits that std::to_string gives them") {
  int wrong = 0;
  for (const std::uint32_t number : numbers_of_all_lengths()) {
    char text[kMostDecimalDigits + 2];
    char* end = write_decimal(text, number);
    wrong += std::string(text, end) != std::to_string(number);
  }
  CHECK(wrong == 0);
}

TEST_CASE("arrays of whole numbers") {
  std::vector<std::int32_t> numbers{0, -1, std::numeric_limits<std::int32_t>::min(),
                                    std::numeric_limits<std::int32_t>::max()};
  for (const std::uint32_t number : numbers_of_all_lengths()) {
    numbers.push_back(static_cast<std::int32_t>(number));
  }
  std::vector<std::uint8_t> bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<std::uint8_t>(i));
  std::vector<std::string> expected, expected_bytes;
  for (const std::int32_t number : numbers) expected.push_back(std::to_string(number));
  for (const std::uint8_t byte : bytes) expected_bytes.push_back(std::to_string(byte));

  std::string text = "before ";
  append_json_array(text, std::span<const std::int32_t>(numbers));
  CHECK(text == "before " + joined(expected));
  text.clear();
  append_json_array(text, std::span<const std::uint8_t>(bytes));
  CHECK(text == joined(expected_bytes));
  text.clear();
  append_json_array(text, std::span<const std::int32_t>());
  append_json_array(text, std::span<const std::int32_t>(numbers).first(1));
  CHECK(text == "[][0]");
}

TEST_CASE("ranges are pairs of whole numbers") {
  const std::vector<std::uint32_t> numbers = numbers_of_all_lengths();
  std::vector<Range> ranges;
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    ranges.push_back({numbers[i], numbers[numbers.size() - 1 - i]});
    expected.push_back(
        joined({std::to_string(ranges.back().begin), std::to_string(ranges.back().end)}));
  }
  std::string text;
  append_json_ranges(text, std::span<const Range>(ranges));
  CHECK(text == joined(expected));
  text.clear();
  append_json_ranges(text, std::span<const Range>());
  CHECK(text == "[]");
}

TEST_CASE("an array of floats is each float by itself, and a NaN is in none") {
  std::mt19937 generator(4);
  std::vector<float> values{0.0f, -0.0f, 1.17549435e-38f, -3.40282347e38f, 1e-45f, 0.1f};
  std::normal_distribution<float> normal;
  for (int i = 0; i < 1000; ++i) values.push_back(normal(generator));
  std::vector<std::string> expected;
  for (const float value : values) {
    expected.emplace_back();
    append_json_number(expected.back(), value);
  }
  std::string text;
  append_json_array(text, std::span<const float>(values));
  CHECK(text == joined(expected));
  values.back() = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_AS(append_json_array(text, std::span<const float>(values)), Error);
}

// One byte at a time.
std::string plainly_escaped(const std::string& text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string json = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (c == '\n' || c == '\r' || c == '\t') {
      json += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
    } else if (byte < 0x20) {
      json += std::string("\\u00") + kHex[byte / 16] + kHex[byte % 16];
    } else {
      json += c;
    }
  }
  return json + '"';
}

TEST_CASE("every byte is escaped, or not, at every place of a string") {
  int wrong = 0;
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t place = 0; place < 20; ++place) {
      std::string text = "abcdefgh\xC3\xA9ijklmnopqr";
      text[place] = static_cast<char>(byte);
      for (const std::string& each : {text, text.substr(0, place + 1), text.substr(place)}) {
        std::string json;
        append_json_string(json, each);
        wrong += json != plainly_escaped(each);
      }
    }
  }
  CHECK(wrong == 0);
  std::mt19937 generator(5);
  for (int i = 0; i < 2'000; ++i) {
    std::string text;
    const std::size_t size = generator() % 64;
    while (text.size() < size) {
      const auto any = generator();
      text += static_cast<char>(any % 3 == 0 ? any >> 8 : "a\"\\\n\x01\x7F"[any % 6]);
    }
    std::string json;
    append_json_string(json, text);
    wrong += json != plainly_escaped(text);
  }
  CHECK(wrong == 0);
}

TEST_CASE("escapes are read as the parser reads them") {
  const std::vector<std::string> pieces{"a",
                                        "\\\"",
                                        "\\\\",
                                        "\\/",
                                        "\\b",
                                        "\\f",
                                        "\\n",
                                        "\\r",
                                        "\\t",
                                        "\\u0000",
                                        "\\u001F",
                                        "\\u00e9",
                                        "\\u20AC",
                                        "\\ud83d\\ude00",
                                        "\xC3\xA9",
                                        "u",
                                        "\\ud800\\udc00",
                                        "\\udbff\\udfff",
                                        "\\uffff"};
  std::mt19937 generator(7);
  int wrong = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string json = "\"";
    for (auto size = generator() % 8; size > 0; --size) json += pieces[generator() % pieces.size()];
    json += '"';
    wrong += decode_json_string(json) != Json::parse(json).get<std::string>();
  }
  CHECK(wrong == 0);
}

TEST_CASE("strings that are kept as JSON are those written anew") {
  std::vector<std::string> texts{"", "a", "\"", "##ing", "[CLS]", "\\\n", std::string(1, '\0')};
  for (std::size_t length = 10; length < 40; ++length) texts.emplace_back(length, 'x');
  texts.push_back(std::string(300, '"'));
  JsonStrings strings;
  std::vector<std::int32_t> numbers;
  for (const std::string& text : texts) {
    strings.add(text);
    numbers.push_back(static_cast<std::int32_t>(numbers.size()));
  }
  std::string text = "before ", expected = "before ";
  strings.append_array(text, numbers);
  append_json_array(expected, std::span<const std::string>(texts));
  CHECK(text == expected);

  text.clear();
  strings.append_array(text, std::vector<std::int32_t>{1, 1'000'000, -1, 3});
  strings.append_array(text, std::vector<std::int32_t>());
  CHECK(text == "[\"a\",\"\",\"\",\"##ing\"][]");
  CHECK(Json::parse("[" + expected.substr(7) + "]")[0].size() == texts.size());
}

}  // namespace
}  // namespace convbert
