#include "figures/labels.h"

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

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

bool acts(char32_t c) {
  return is_control(c) || sets_direction(c) || separates_lines(c) || is_markup(c);
}

int terminal_columns(char32_t c) {
  if (g_unichar_iszerowidth(c)) return 0;
  return g_unichar_iswide(c) ? 2 : 1;
}

}  // namespace

std::string visible_label(std::string_view label) {
  const std::string text = replace_invalid_utf8(label.substr(0, 4 * (kLongestLabel + 1)));
  std::string shown;
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (count++ == kLongestLabel) return shown.append("\u2026");
    const char32_t c = decode_utf8(text, at);
    append_utf8(shown, acts(c) ? 0xFFFD : c);
  }
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
