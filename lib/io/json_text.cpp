#include "io/json_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/error.h"
#include "core/json_scan.h"
#include "core/utf8.h"

namespace convbert {
namespace {

constexpr std::size_t kMostFloatCharacters = 24;  // "-1.17549435e-38" has 15

char* write_float(char* at, float value) {
  if (!std::isfinite(value)) {
    throw Error(ErrorKind::internal, "append_json_number: not a finite number");
  }
  return std::to_chars(at, at + kMostFloatCharacters, value).ptr;
}

char* write_integer(char* at, std::int32_t value) {
  auto magnitude = static_cast<std::uint32_t>(value);
  if (value < 0) {
    *at++ = '-';
    magnitude = 0 - magnitude;
  }
  return write_decimal(at, magnitude);
}

template <class Value, class Write>
void append_array(std::string& out, std::span<const Value> values, std::size_t most_characters,
                  Write write) {
  append_json_array_with_room(out, (most_characters + 1) * values.size(), [&](char* at) {
    for (const Value& value : values) {
      at = write(at, value);
      *at++ = ',';
    }
    return at;
  });
}

// Appends the character that the escape at text[at] stands for, and moves behind it.
void append_escaped(std::string& out, std::string_view text, std::size_t& at) {
  constexpr std::string_view kNames = "bfnrt";
  constexpr std::string_view kMeant = "\b\f\n\r\t";
  const char name = text[at + 1];
  at += 2;
  if (name != 'u') {
    const std::size_t index = kNames.find(name);
    out += index == std::string_view::npos ? name : kMeant[index];
    return;
  }
  auto c = static_cast<char32_t>(json_hex_digits(text.substr(at, 4)));
  at += 4;
  if (c >= 0xD800 && c <= 0xDBFF) {  // "\\ud83d\\ude00"
    const auto low = static_cast<char32_t>(json_hex_digits(text.substr(at + 2, 4)));
    c = 0x10000 + ((c & 0x3FF) << 10 | (low & 0x3FF));
    at += 6;
  }
  append_utf8(out, c);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  std::size_t copied = 0;
  for (std::size_t i = 0; (i = find_json_escape(text, copied)) < text.size(); copied = i + 1) {
    out.append(text, copied, i - copied);
    const auto c = static_cast<unsigned char>(text[i]);
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        out += "\\u00";
        out += kHex[c >> 4];
        out += kHex[c & 15];
    }
  }
  out.append(text, copied);
  out += '"';
}

void append_json_number(std::string& out, float value) {
  std::array<char, kMostFloatCharacters> digits;
  out.append(digits.data(), write_float(digits.data(), value));
}

void append_json_number(std::string& out, std::int64_t value) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

void append_json_array(std::string& out, std::span<const float> values) {
  append_array(out, values, kMostFloatCharacters, write_float);
}

void append_json_array(std::string& out, std::span<const std::int32_t> values) {
  append_array(out, values, kMostDecimalDigits + 3, write_integer);
}

void append_json_array(std::string& out, std::span<const std::uint8_t> values) {
  append_array(out, values, 3, write_decimal);
}

void append_json_array(std::string& out, std::span<const std::string> texts) {
  out += '[';
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, texts[i]);
  }
  out += ']';
}

std::string decode_json_string(std::string_view quoted) {
  const std::string_view text = quoted.substr(1, quoted.size() - 2);
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t escape = std::min(text.find('\\', at), text.size());
    decoded.append(text, at, escape - at);
    at = escape;
    if (at < text.size()) append_escaped(decoded, text, at);
  }
  return decoded;
}

std::string text_of_json(std::string_view json) {
  return json.starts_with('"') ? decode_json_string(json) : std::string(json);
}

}  // namespace convbert
