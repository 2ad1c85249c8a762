// Labels as a terminal and a picture can show them.
#pragma once

#include <string>
#include <string_view>

namespace convbert {

// The label with U+FFFD for each character that would act instead of being seen (controls, line
// separators, what sets the direction of writing, tags) and for what is not UTF-8. A text may hold
// anything; an escape sequence in one must not reach a terminal. What is longer than kLongestLabel
// characters is cut, as setting a line takes longer than its length says.
inline constexpr std::size_t kLongestLabel = 200;
std::string visible_label(std::string_view label);

// Columns of a terminal that the label takes: two for wide characters (UAX 11), none for combining
// ones. The label must be well-formed UTF-8.
int terminal_columns(std::string_view label);

// At most `columns` wide: else cut, and with `end` (one column) at its end.
std::string cut_label(std::string_view label, int columns, std::string_view end);

}  // namespace convbert
