#include "io/delimited_writer.h"

#include <csv.h>

#include <algorithm>
#include <cstddef>

namespace convbert {
namespace {

struct Character {
  std::size_t size = 1;  // in bytes
  bool is_plain = true;  // no control character, and no line end
};

// The one that a text begins with, where it is one to be replaced; else its first byte.
Character first_of(std::string_view text) {
  const auto byte = [&](std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
  };
  if (byte(0) < 0x20 || byte(0) == 0x7F) return {1, false};
  if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) < 0xA0) return {2, false};  // U+0080 to U+009F
  const bool is_separator = byte(0) == 0xE2 && byte(1) == 0x80 && (byte(2) & 0xFE) == 0xA8;
  return is_separator ? Character{3, false} : Character{};  // U+2028, U+2029
}

void append_plain(std::string& out, std::string_view text, std::string_view kept) {
  while (!text.empty()) {
    const Character first = first_of(text);
    const bool is_kept = first.is_plain || kept.find(text.front()) != std::string_view::npos;
    out += is_kept ? text.front() : ' ';
    text.remove_prefix(first.size);
  }
}

bool needs_quotes(std::string_view text, char delimiter) {
  return std::ranges::any_of(
      text, [&](char c) { return c == delimiter || c == '"' || c == '\n' || c == '\r'; });
}

void append_quoted(std::string& out, std::string_view text, const TableStyle& style,
                   Quotes quotes) {
  if (quotes == Quotes::always || needs_quotes(text, style.delimiter)) {
    append_csv_text(out, text);
  } else {
    out += text;
  }
}

}  // namespace

void append_cell(std::string& out, std::string_view text, const TableStyle& style) {
  if (!style.has_quotes) return append_tsv_text(out, text);
  std::string plain;
  append_plain(plain, text, "\t\r\n");
  append_quoted(out, plain, style, Quotes::where_needed);
}

void append_given_cell(std::string& out, std::string_view text, const TableStyle& style,
                       Quotes quotes) {
  std::string plain;
  if (!style.keeps_controls) {
    append_plain(plain, text, style.has_quotes ? "\t\n" : "");
    text = plain;
  }
  if (style.has_quotes) return append_quoted(out, text, style, quotes);
  for (const char c : text) out += c == '\t' || c == '\n' || c == '\r' ? ' ' : c;
}

void append_csv_text(std::string& out, std::string_view text) {
  const std::size_t begin = out.size();
  out.resize(begin + 2 * text.size() + 2);  // at most
  const std::size_t size =
      csv_write(out.data() + begin, out.size() - begin, text.data(), text.size());
  out.resize(begin + size);
}

void append_tsv_text(std::string& out, std::string_view text) { append_plain(out, text, ""); }

}  // namespace convbert
