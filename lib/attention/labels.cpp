#include "attention/labels.h"

#include <glib.h>

#include "core/utf8.h"

namespace convbert {
namespace {

bool sets_direction(char32_t c) {
  return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x206F);
}

bool separates_lines(char32_t c) { return c == 0x2028 || c == 0x2029; }

// Characters that are meant for programs, not for readers: annotations, language tags.
bool is_markup(char32_t c) {
  return (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE007F);
}

char32_t visible(char32_t c) {
  if (c < 0x20) return 0x2400 + c;
  if (c == 0x7F) return 0x2421;
  if (c < 0xA0 && c >= 0x80) return 0xFFFD;
  return sets_direction(c) || separates_lines(c) || is_markup(c) ? 0xFFFD : c;
}

int terminal_columns(char32_t c) {
  if (g_unichar_iszerowidth(c)) return 0;
  return g_unichar_iswide(c) ? 2 : 1;
}

}  // namespace

std::string visible_label(std::string_view label) {
  const std::string text = replace_invalid_utf8(label);
  std::string shown;
  for (std::size_t at = 0; at < text.size();) append_utf8(shown, visible(decode_utf8(text, at)));
  return shown;
}

int terminal_columns(std::string_view label) {
  int columns = 0;
  for (std::size_t at = 0; at < label.size();) columns += terminal_columns(decode_utf8(label, at));
  return columns;
}

std::string cut_label(std::string_view label, int columns, std::string_view end) {
  if (terminal_columns(label) <= columns) return std::string(label);
  if (columns < 1) return "";
  std::size_t kept = 0;
  int used = 0;
  for (std::size_t at = 0; at < label.size();) {
    used += terminal_columns(decode_utf8(label, at));
    if (used > columns - 1) break;
    kept = at;
  }
  return std::string(label.substr(0, kept)).append(end);
}

}  // namespace convbert
