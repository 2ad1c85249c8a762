#include "io/table_columns.h"

#include <utility>

#include "io/json_text.h"

namespace convbert {
namespace {

void append_field(std::string& out, const RecordField& field, const TableStyle& style) {
  if (field.json == "null") return;
  const Quotes quotes = field.in_quotes ? Quotes::always : Quotes::where_needed;
  append_given_cell(out, text_of_json(field.json), style, quotes);
}

}  // namespace

TableColumns::TableColumns(std::vector<std::string> names) {
  for (std::string& name : names) {
    if (columns_.emplace(name, names_.size()).second) names_.push_back(std::move(name));
  }
}

std::optional<std::size_t> TableColumns::column_of(const Record& record, std::size_t at) const {
  const std::string& name = record.fields[at].name;
  if (at < names_.size() && names_[at] == name) return at;  // nearly always
  const auto found = columns_.find(name);
  return found == columns_.end() ? std::nullopt : std::optional(found->second);
}

void TableColumns::append_cells(std::string& out, const Record& record,
                                const TableStyle& style) const {
  std::vector<const RecordField*> cells(names_.size());
  for (std::size_t i = 0; i < record.fields.size(); ++i) {
    const auto column = column_of(record, i);
    if (column) cells[*column] = &record.fields[i];  // the last of one name, as everywhere
  }
  for (const RecordField* cell : cells) {
    if (cell != nullptr) append_field(out, *cell, style);
    out += style.delimiter;
  }
}

}  // namespace convbert
