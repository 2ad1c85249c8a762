#include "cli/table.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "cli/console.h"
#include "core/error.h"
#include "core/utf8.h"

namespace convbert::app {
namespace {

constexpr std::string_view kGap = "  ";  // between columns

// The first `most` code points.
std::string cut(std::string_view text, std::size_t most) {
  std::size_t end = 0;
  for (std::size_t i = 0; i < most && end < text.size(); ++i) decode_utf8(text, end);
  return std::string(text.substr(0, end));
}

}  // namespace

std::string formatted(double value, const char* format) {
  std::array<char, 400> digits;  // of any double
  std::snprintf(digits.data(), digits.size(), format, value);
  return digits.data();
}

std::string counted(std::int64_t count, std::string_view thing) {
  return concat(grouped(count), " ", thing, count == 1 ? "" : "s");
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

std::vector<std::size_t> Table::widths() const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], count_code_points(row[i]));
    }
  }
  return widths;
}

void Table::fit(std::size_t width) {
  std::vector<std::size_t> rising = widths();
  if (rising.empty()) return;
  std::ranges::sort(rising);
  const std::size_t gaps = kGap.size() * (rising.size() - 1);
  std::size_t left = width > gaps ? width - gaps : 0;
  std::size_t widest = rising.back();
  for (std::size_t i = 0; i < rising.size(); ++i) {
    const std::size_t share = left / (rising.size() - i);
    if (rising[i] > share) {
      widest = std::max<std::size_t>(share, 1);
      break;
    }
    left -= rising[i];
  }
  for (auto& row : rows_) {
    for (std::string& cell : row) {
      if (count_code_points(cell) > widest) {
        cell = cut(cell, widest - 1) + "\u2026";
      }
    }
  }
}

std::string Table::text() const {
  const std::vector<std::size_t> widths = this->widths();
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - count_code_points(row[i]), ' ');
      if (i > 0) line += kGap;
      line += align_of(i) == Align::left ? row[i] + space : space + row[i];
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

}  // namespace convbert::app
