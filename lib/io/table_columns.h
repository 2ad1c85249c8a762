// Fields of records as columns of a table.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "io/delimited_writer.h"
#include "io/record.h"

namespace convbert {

class TableColumns {
 public:
  TableColumns() = default;
  // A name that stands twice is one column.
  explicit TableColumns(std::vector<std::string> names);

  const std::vector<std::string>& names() const { return names_; }

  // The record's fields that are columns, in their order, each with a delimiter behind it; nothing
  // between two of them where it has none. Texts stand for themselves, null is nothing, and other
  // values are JSON.
  void append_cells(std::string& out, const Record& record, const TableStyle& style) const;

  // The column of the record's field number `at`; nothing if it has none.
  std::optional<std::size_t> column_of(const Record& record, std::size_t at) const;

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::size_t> columns_;
};

}  // namespace convbert
