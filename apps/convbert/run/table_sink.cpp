// Results as a table for people.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/table.h"
#include "run/sinks.h"

namespace convbert::app {
namespace {

// The cells of a row of tsv, which has no tabs in them.
std::vector<std::string> cells_of(std::string_view row) {
  std::vector<std::string> cells;
  while (true) {
    const std::size_t end = row.find(kTsvStyle.delimiter);
    cells.emplace_back(row.substr(0, end));
    if (end == std::string_view::npos) return cells;
    row.remove_prefix(end + 1);
  }
}

// Columns are as wide as their widest cell, so rows wait for others: for so many at most, under a
// header of their own.
class TableSink : public ResultSink {
 public:
  explicit TableSink(const SinkContext& context) : context_(context) {}

  void write(Job& job) override {
    // What is wrong with it was said where warnings are.
    if (job.failed()) return;
    rows_.push_back(cells_of(job.output));
    if (rows_.size() == kMostRows) put_rows();
  }
  void finish() override { put_rows(); }
  void stop() override { put_rows(); }

 private:
  static constexpr std::size_t kMostRows = 1000;

  void put_rows() {
    if (rows_.empty()) return;
    std::string header = header_of(context_.layout);
    header.pop_back();  // its line end
    rows_.insert(rows_.begin(), cells_of(header));
    drop_empty_columns();
    Table table({Align::left});
    for (std::vector<std::string>& row : rows_) table.add(std::move(row));
    rows_.clear();
    if (context_.layout.table.width) table.fit(*context_.layout.table.width);
    context_.output.write((is_first_ ? "" : "\n") + table.text());
    is_first_ = false;
  }

  // Those that have nothing below the header.
  void drop_empty_columns() {
    for (std::size_t column = rows_.front().size(); column-- > 0;) {
      bool is_empty = true;
      for (std::size_t row = 1; row < rows_.size(); ++row) {
        is_empty = is_empty && rows_[row][column].empty();
      }
      if (!is_empty) continue;
      for (auto& row : rows_) row.erase(row.begin() + static_cast<std::ptrdiff_t>(column));
    }
  }

  SinkContext context_;
  std::vector<std::vector<std::string>> rows_;
  bool is_first_ = true;
};

}  // namespace

std::unique_ptr<ResultSink> make_table_sink(const SinkContext& context) {
  return std::make_unique<TableSink>(context);
}

}  // namespace convbert::app
