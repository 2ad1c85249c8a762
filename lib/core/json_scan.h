// JSON walked over byte by byte, for the many records that nothing is wrong with.
#pragma once

#include <cstddef>
#include <string_view>

namespace convbert {

struct JsonLimits;  // core/json.h

// Is `text` surely one well-formed JSON value (RFC 8259, valid UTF-8, no lone surrogates) within
// the limits? It is where this says so; where it does not, check_json() decides, and says why.
bool is_plain_json(std::string_view text, const JsonLimits& limits);

// The first quote, backslash or control character at or after `begin`, which JSON strings have to
// escape; text.size() if there is none.
std::size_t find_json_escape(std::string_view text, std::size_t begin);

// The number that four hexadecimal digits stand for, or a negative one.
int json_hex_digits(std::string_view digits);

}  // namespace convbert
