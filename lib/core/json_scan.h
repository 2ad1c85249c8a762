// JSON (RFC 8259) walked over byte by byte: is it well formed, and where does it break off?
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace convbert {

struct JsonLimits {
  std::size_t depth = 64;
  std::size_t values = 1'000'000;
  std::size_t members = 65'536;  // of an object that is split
};

// A member of an object as it stands in the text: the key with its quotes, the value with all its
// digits and inner white space.
struct JsonMember {
  std::string_view key;
  std::string_view value;
};

// Walks `text` without building anything and returns what is wrong with it, on one line, or "" if
// it is one well-formed JSON value (valid UTF-8, no lone surrogates) within the limits. Numbers may
// be of any size.
std::string check_json(std::string_view text, const JsonLimits& limits = {});

// The same, and where the value is an object, its members are added to `members`: all of them, or
// those before what is wrong.
std::string split_json_object(std::string_view text, const JsonLimits& limits,
                              std::vector<JsonMember>& members);

// The same, and where the value is an array, its elements, as they stand in the text, are added to
// `elements`.
std::string split_json_array(std::string_view text, const JsonLimits& limits,
                             std::vector<std::string_view>& elements);

// The first quote, backslash or control character at or after `begin`, which JSON strings have to
// escape; text.size() if there is none.
std::size_t find_json_escape(std::string_view text, std::size_t begin);

// The number that four hexadecimal digits stand for, or a negative one.
int json_hex_digits(std::string_view digits);

}  // namespace convbert
