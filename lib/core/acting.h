// Characters that act instead of being seen, so that a name or a label with them is not what it
// looks like.
#pragma once

namespace convbert {

constexpr bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

constexpr bool sets_direction(char32_t c) {
  return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x206F);
}

constexpr bool separates_lines(char32_t c) { return c == 0x2028 || c == 0x2029; }

// Characters that are meant for programs, not for readers: annotations, language tags.
constexpr bool is_markup(char32_t c) {
  return (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE007F);
}

// Any of these.
constexpr bool acts(char32_t c) {
  return is_control(c) || sets_direction(c) || separates_lines(c) || is_markup(c);
}

}  // namespace convbert
