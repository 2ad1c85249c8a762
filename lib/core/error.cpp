#include "core/error.h"

#include "core/utf8.h"

namespace convbert {
namespace {

bool commands_terminal(char32_t c) {
  const bool is_control = c < 0x20 || (c >= 0x7F && c <= 0x9F);
  const bool is_separator = c == 0x2028 || c == 0x2029;
  const bool reorders = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
  return is_control || is_separator || reorders;
}

// `kept`: control characters that may stay.
std::string without_commands(std::string_view text, std::string_view kept) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const std::size_t bad = find_invalid_utf8(text);
    const std::string_view valid = text.substr(0, bad);
    for (std::size_t at = 0; at < valid.size();) {
      const std::size_t begin = at;
      const char32_t c = decode_utf8(valid, at);
      const bool stays = !commands_terminal(c) || kept.find(valid[begin]) != std::string_view::npos;
      stays ? shown.append(valid, begin, at - begin) : shown.append("?");
    }
    if (bad == kValidUtf8) break;
    shown += '?';
    text.remove_prefix(bad + 1);
  }
  return shown;
}

}  // namespace

std::string printable(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return without_commands(text, "");
  std::size_t end = limit;
  while (end > 0 && is_utf8_continuation(text[end])) --end;
  return without_commands(text.substr(0, end), "") + "...";
}

std::string printable_lines(std::string_view text) { return without_commands(text, "\n\t"); }

std::string quoted(std::string_view name) { return concat('"', printable(name, 60), '"'); }

}  // namespace convbert
