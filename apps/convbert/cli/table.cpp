#include "cli/table.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/utf8.h"

namespace convbert::app {

std::string formatted(double value, const char* format) {
  std::array<char, 400> digits;  // of any double
  std::snprintf(digits.data(), digits.size(), format, value);
  return digits.data();
}

std::string fixed(double value, int decimals) {
  std::array<char, 400> digits;  // of any double
  std::snprintf(digits.data(), digits.size(), "%.*f", decimals, value);
  std::string text = digits.data();
  const bool is_zero = text.find_first_not_of("-0.") == std::string::npos;
  if (is_zero && text.starts_with('-')) text.erase(0, 1);
  return text;
}

Align Table::align_of(std::size_t column) const {
  return columns_[std::min(column, columns_.size() - 1)];
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], count_code_points(row[i]));
    }
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - count_code_points(row[i]), ' ');
      if (i > 0) line += "  ";
      line += align_of(i) == Align::left ? row[i] + space : space + row[i];
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

}  // namespace convbert::app
