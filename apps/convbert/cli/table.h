// A table for people: cells in aligned columns, two spaces apart.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace convbert::app {

// As printf has it; the format takes one double.
std::string formatted(double value, const char* format);

// "0.250": so many decimals, and no sign before nothing but zeros.
std::string fixed(double value, int decimals);

// "1 record", "2,500 records".
std::string counted(std::int64_t count, std::string_view thing);

enum class Align { left, right };

class Table {
 public:
  // Columns beyond those given are aligned as the last of them.
  explicit Table(std::vector<Align> columns) : columns_(std::move(columns)) {}

  // Well-formed UTF-8, each code point as wide as the next. A row may be shorter than others.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }

  // Cuts the widest columns, all to one width, so that no line has more than so many code points:
  // a cell that is cut ends in "\u2026". Columns keep one code point in any case.
  void fit(std::size_t width);

  // A line a row; no spaces at the end of a line.
  std::string text() const;

 private:
  Align align_of(std::size_t column) const;
  std::vector<std::size_t> widths() const;

  std::vector<Align> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace convbert::app
