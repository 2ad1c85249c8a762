// Cells of tables for spreadsheets and data frames.
#pragma once

#include <string>
#include <string_view>

namespace convbert {

// A text in quotes, those inside it doubled (RFC 4180).
void append_csv_text(std::string& out, std::string_view text);

// A text in a tab-separated line, which has no quoting: tabs, line ends, those of Unicode, too, and
// control characters, which would reach a terminal, become spaces.
void append_tsv_text(std::string& out, std::string_view text);

}  // namespace convbert
