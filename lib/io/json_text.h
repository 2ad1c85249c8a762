// JSON as text, written and read without a tree.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/append_with_room.h"
#include "io/decimal.h"

namespace convbert {

// Appends `text`, which must be well-formed UTF-8, as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

// Appends the shortest decimal that reads back as the same float. NaN and infinities have no place
// in JSON: they throw Error(internal), so check before.
void append_json_number(std::string& out, float value);
void append_json_number(std::string& out, std::int64_t value);

// "[1,2,3]"
void append_json_array(std::string& out, std::span<const float> values);
void append_json_array(std::string& out, std::span<const std::int32_t> values);
void append_json_array(std::string& out, std::span<const std::uint8_t> values);
void append_json_array(std::string& out, std::span<const std::string> texts);

// "[[0,3],[3,5]]". A Range has `begin` and `end`, whole numbers from 0 of 32 bits.
template <class Range>
void append_json_ranges(std::string& out, std::span<const Range> ranges) {
  constexpr std::size_t kRoom = 2 * (kMostDecimalDigits + 2) + 4;
  append_json_array_with_room(out, kRoom * ranges.size(), [&](char* at) {
    for (const Range& range : ranges) {
      *at++ = '[';
      at = write_decimal(at, range.begin);
      *at++ = ',';
      at = write_decimal(at, range.end);
      *at++ = ']';
      *at++ = ',';
    }
    return at;
  });
}

// The text of a JSON string that check_json() accepts.
std::string decode_json_string(std::string_view quoted);
// The text of a JSON string, or any other JSON value as it stands.
std::string text_of_json(std::string_view json);

}  // namespace convbert
