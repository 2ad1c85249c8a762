// Cells of tables for spreadsheets and data frames.
#pragma once

#include <string>
#include <string_view>

namespace convbert {

// How the cells of a table stand in its lines.
struct TableStyle {
  char delimiter = '\t';
  bool has_quotes = false;     // RFC 4180; without quotes a cell holds no tab and no line end
  bool keeps_controls = true;  // control characters of the input; else they become spaces
};

inline constexpr TableStyle kCsvStyle{.delimiter = ',', .has_quotes = true};
inline constexpr TableStyle kTsvStyle{};

enum class Quotes { where_needed, always };

// A text of ours: control characters become spaces; tabs and line ends, those of Unicode, too,
// where there are no quotes for them.
void append_cell(std::string& out, std::string_view text, const TableStyle& style);

// A text of the input, given back as it was, in quotes if it stood in them. Where there are no
// quotes tabs and line ends become spaces.
void append_given_cell(std::string& out, std::string_view text, const TableStyle& style,
                       Quotes quotes = Quotes::where_needed);

// A text in quotes, those inside it doubled (RFC 4180).
void append_csv_text(std::string& out, std::string_view text);

// A text in a tab-separated line, which has no quoting: tabs, line ends, those of Unicode, too, and
// control characters, which would reach a terminal, become spaces.
void append_tsv_text(std::string& out, std::string_view text);

}  // namespace convbert
