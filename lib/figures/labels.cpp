#include "figures/labels.h"

#include <glib.h>

#include "core/acting.h"
#include "core/utf8.h"

namespace convbert {
namespace {

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
