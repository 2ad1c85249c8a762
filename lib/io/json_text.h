// JSON as text: written without a tree, and objects taken apart without losing a digit.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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
void append_json_array(std::string& out, std::span<const std::string> texts);

bool all_finite(std::span<const float> values);

// A member of an object as it stands in the text: the key with its quotes, the value with all its
// digits and inner white space.
struct JsonMember {
  std::string_view key;
  std::string_view value;
};

// `object` must be one well-formed JSON object (check_json() and its first character say so).
std::vector<JsonMember> split_json_object(std::string_view object);

// The text of a JSON string that check_json() accepts.
std::string decode_json_string(std::string_view quoted);

}  // namespace convbert
