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

void append_utf8(std::string& text, char32_t code_point);

// The text with U+FFFD for every byte that belongs to no well-formed sequence.
std::string replace_invalid_utf8(std::string_view text);

// Bytes and UTF-16 code units of one code point.
constexpr int utf8_length(char32_t c) { return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4; }
constexpr int utf16_length(char32_t c) { return c < 0x10000 ? 1 : 2; }

}  // namespace convbert
