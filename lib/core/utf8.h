// UTF-8 as the Unicode Standard, chapter 3.9 (table 3-7) defines it: no overlong forms, no
// surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace convbert {

constexpr std::size_t kValidUtf8 = static_cast<std::size_t>(-1);

// The byte position of the first ill-formed sequence, or kValidUtf8.
std::size_t find_invalid_utf8(std::string_view text);

// Decodes the code point that starts at text[position] and moves position past it.
// `text` must be well-formed and position inside it, at the start of a code point.
inline char32_t decode_utf8(std::string_view text, std::size_t& position) {
  const auto byte = [&](std::size_t offset) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[position + offset]));
  };
  const char32_t lead = byte(0);
  if (lead < 0x80) {
    position += 1;
    return lead;
  }
  if (lead < 0xE0) {
    const char32_t c = (lead & 0x1F) << 6 | (byte(1) & 0x3F);
    position += 2;
    return c;
  }
  if (lead < 0xF0) {
    const char32_t c = (lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    position += 3;
    return c;
  }
  const char32_t c =
      (lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
  position += 4;
  return c;
}

// Does the byte continue a code point that began before it?
constexpr bool is_utf8_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

// The start of the code point before text[position], or of as many stray continuation bytes.
// `position` must not be 0.
inline std::size_t previous_utf8(std::string_view text, std::size_t position) {
  do {
    --position;
  } while (position > 0 && is_utf8_continuation(text[position]));
  return position;
}

// Of a well-formed text.
inline std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (const char byte : text) count += is_utf8_continuation(byte) ? 0 : 1;
  return count;
}

constexpr std::size_t kMaxUtf8Length = 4;

// Writes the bytes of a code point, kMaxUtf8Length at most, and returns their number.
inline std::size_t encode_utf8(char32_t c, char* bytes) {
  if (c < 0x80) {
    bytes[0] = static_cast<char>(c);
    return 1;
  }
  if (c < 0x800) {
    bytes[0] = static_cast<char>(0xC0 | c >> 6);
    bytes[1] = static_cast<char>(0x80 | (c & 0x3F));
    return 2;
  }
  if (c < 0x10000) {
    bytes[0] = static_cast<char>(0xE0 | c >> 12);
    bytes[1] = static_cast<char>(0x80 | (c >> 6 & 0x3F));
    bytes[2] = static_cast<char>(0x80 | (c & 0x3F));
    return 3;
  }
  bytes[0] = static_cast<char>(0xF0 | c >> 18);
  bytes[1] = static_cast<char>(0x80 | (c >> 12 & 0x3F));
  bytes[2] = static_cast<char>(0x80 | (c >> 6 & 0x3F));
  bytes[3] = static_cast<char>(0x80 | (c & 0x3F));
  return 4;
}

void append_utf8(std::string& text, char32_t code_point);

// The text with U+FFFD for every byte that belongs to no well-formed sequence.
std::string replace_invalid_utf8(std::string_view text);

// Bytes and UTF-16 code units of one code point.
constexpr int utf8_length(char32_t c) { return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4; }
constexpr int utf16_length(char32_t c) { return c < 0x10000 ? 1 : 2; }

}  // namespace convbert
