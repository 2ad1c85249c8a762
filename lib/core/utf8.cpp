#include "core/utf8.h"

#include <cstdint>
#include <cstring>

namespace convbert {

std::size_t find_invalid_utf8(std::string_view text) {
  const std::size_t size = text.size();
  std::size_t i = 0;
  while (i < size) {
    // Eight bytes of ASCII at a time.
    while (i + 8 <= size) {
      std::uint64_t chunk;
      std::memcpy(&chunk, text.data() + i, sizeof chunk);
      if (chunk & 0x8080808080808080u) break;
      i += 8;
    }
    if (i >= size) break;

    const auto byte = [&](std::size_t offset) {
      return static_cast<unsigned char>(text[i + offset]);
    };
    const unsigned char lead = byte(0);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    std::size_t length;
    unsigned char second_low = 0x80;
    unsigned char second_high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
      length = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      length = 3;
      if (lead == 0xE0) second_low = 0xA0;
      if (lead == 0xED) second_high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      length = 4;
      if (lead == 0xF0) second_low = 0x90;
      if (lead == 0xF4) second_high = 0x8F;
    } else {
      return i;
    }
    if (size - i < length || byte(1) < second_low || byte(1) > second_high) return i;
    for (std::size_t k = 2; k < length; ++k) {
      if ((byte(k) & 0xC0) != 0x80) return i;
    }
    i += length;
  }
  return kValidUtf8;
}

void append_utf8(std::string& text, char32_t c) {
  char bytes[kMaxUtf8Length];
  text.append(bytes, encode_utf8(c, bytes));
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string valid;
  while (true) {
    const std::size_t bad = find_invalid_utf8(text);
    valid += text.substr(0, bad);
    if (bad == kValidUtf8) return valid;
    append_utf8(valid, 0xFFFD);
    text.remove_prefix(bad + 1);
  }
}

}  // namespace convbert
