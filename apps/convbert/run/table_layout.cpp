#include "run/table_layout.h"

#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "cli/console.h"

namespace convbert::app {
namespace {

// Looks ahead to the first record that can be read; nullptr if there is none, or none for long.
const Record* first_good(RecordInput& input) {
  constexpr std::size_t kMostBad = 1000;
  for (std::size_t count = 1; count <= kMostBad; ++count) {
    const std::deque<Record>& records = input.look_ahead(count);
    if (records.size() < count) break;
    if (records.back().error.empty()) return &records.back();
  }
  return nullptr;
}

TableStyle style_of(const RecordRequest& request) {
  TableStyle style = request.output.format == Format::csv ? kCsvStyle : kTsvStyle;
  if (style.has_quotes) {
    style.delimiter = request.input.source.delimiter.value_or(style.delimiter);
  }
  return style;
}

std::vector<std::string> names_of(const Record& record) {
  std::vector<std::string> names;
  names.reserve(record.fields.size());
  for (const RecordField& field : record.fields) names.push_back(field.name);
  return names;
}

}  // namespace

void lay_out_table(const RecordRequest& request, RecordInput& input, ResultLayout& layout) {
  TableLayout& table = layout.table;
  table.style = style_of(request);
  const bool is_for_terminal = goes_to_terminal(request.output.path);
  table.style.keeps_controls = table.style.has_quotes && !is_for_terminal;
  if (is_for_terminal) {
    const std::int64_t width = terminal_columns(STDOUT_FILENO).value_or(kUsualColumns);
    table.width = static_cast<std::size_t>(width);
  }
  if (request.output.only_result) return;

  const Record* first = first_good(input);
  std::vector<std::string> own;
  if (const TableHeader* header = input.table()) {
    table.has_byte_order_mark = table.style.has_quotes && header->has_byte_order_mark;
    table.has_id = false;
    table.style.keeps_controls = !is_for_terminal;  // of a TSV they were in one before
    own = header->names;
  } else if (first != nullptr) {
    table.has_id = !first->id_field;
    own = names_of(*first);
  }
  std::erase_if(own, [&](const std::string& name) { return is_result(name, layout.style); });
  table.own = TableColumns(std::move(own));
}

}  // namespace convbert::app
