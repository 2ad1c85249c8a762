// The results of one record, in the format that was asked for.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/format.h"
#include "core/tensor.h"
#include "io/json_builder.h"
#include "io/json_strings.h"
#include "io/record_writer.h"
#include "io/table_columns.h"
#include "pipeline/pipeline.h"

namespace convbert::app {

class RecordCommand;

// Of csv, tsv and table: the input's own columns, the results', and what is wrong with a record.
struct TableLayout {
  TableStyle style;
  bool has_byte_order_mark = false;  // as the input has one
  bool has_id = true;                // a column in front: the input has none of its own
  TableColumns own;                  // fields of the input that no result replaces
  bool has_error = true;             // a column, the last
  std::optional<std::size_t> width;  // of a terminal that rows for people are to fit
};

// What holds for the results of all records of a run.
struct ResultLayout {
  Format format = Format::jsonl;
  RecordStyle style;
  std::vector<std::string> columns;  // RecordCommand::columns()
  std::int64_t row_width = 0;        // RecordCommand::row_width()
  TableLayout table{};
};

// How a format lays a record out.
enum class Layout {
  object,  // jsonl, json: the input's fields, then every result with its name
  cells,   // csv, tsv, table: a row of a table; a list or an object is a cell of JSON
  line,    // text, terminal: the first column alone
  row,     // npy, and npz of rows: the floats of the first column
  arrays   // npz: every result that is a list, as a named array
};
// Throws Error(internal) for a format that has none of these, in which a command writes itself.
Layout layout_of(const ResultLayout& layout);

// Of a command's rows of floats, as npy has them, for what reads them from job.output itself.
ResultLayout layout_of_rows(const RecordCommand& command);

// Where a part of a text is: "start" and "end", as Hugging Face's pipelines have it.
void add_place(JsonBuilder& json, Offsets place);

struct NamedNumber {
  std::string_view name;
  float number;
};

// The result that says how many tokens were cut.
inline constexpr const char* kTruncated = "truncated";
// The column for what is wrong with a record, behind the prefix.
inline constexpr const char* kErrorColumn = "error";

// The result that a record has only where it is cut, prefixed, if this one, which is tokenized,
// does not have it; else "". In cells its column is there for all.
std::string missing_result(const ResultLayout& layout, const Job& job);

// One a worker, for one record after another. Between begin() and finish() a command hands over
// every result with its name; what the format has no place for is dropped. Numbers that are not
// finite fail the job. Texts must be well-formed UTF-8.
//
//   result.begin(job);
//   result.field("label", label);
//   result.field("score", score);
//   result.finish();
class ResultWriter {
 public:
  explicit ResultWriter(ResultLayout layout);

  // The job must have its encoding: where tokens were cut, "truncated" comes first of the results.
  void begin(Job& job);

  void field(std::string_view name, std::string_view text);
  void field(std::string_view name, float number);
  void field(std::string_view name, std::int64_t number);
  void null(std::string_view name);  // nothing in cells, "-" in lines

  void field(std::string_view name, std::span<const float> numbers);
  void field(std::string_view name, std::span<const std::int32_t> numbers);
  void field(std::string_view name, std::span<const std::uint8_t> numbers);
  void field(std::string_view name, const std::vector<std::string>& texts);
  // The texts that `strings` has under these numbers; in lines there are none.
  void field(std::string_view name, const JsonStrings& strings,
             std::span<const std::int32_t> numbers);
  void field(std::string_view name, std::span<const Offsets> ranges);       // [[begin,end],...]
  void field(std::string_view name, std::span<const NamedNumber> members);  // {"name":number,...}
  // Row-major, as nested lists.
  void field(std::string_view name, const Shape& shape, std::span<const float> numbers);

  // A value of any form: `write` gives it. In lines there is none.
  void field(std::string_view name, const std::function<void(JsonBuilder&)>& write);

  bool is_of_objects() const { return kind_ == Layout::object; }
  // Is there a place for a result of that name? Saves the work for one that would be dropped.
  bool has_place_for(std::string_view name) const;

  // Fills job.output or job.arrays.
  void finish();

 private:
  // Where the JSON of a result goes: behind its name in an object, or in its cell.
  std::string* json(std::string_view name);
  // Where its text goes: its cell, or the line.
  std::string* plain(std::string_view name);
  bool is_finite(std::span<const float> numbers);
  // In tables for people to four decimals.
  float shown(float number) const;
  std::span<const float> shown(std::span<const float> numbers);
  std::string array_name(std::string_view name) const;

  ResultLayout layout_;
  Layout kind_;
  Job* job_ = nullptr;
  std::string out_;  // grows in memory that stays, and is copied once into as much as it takes
  std::vector<std::string> cells_;  // as texts
  std::vector<float> shown_;
};

// What stands in the output for one record: a line with its '\n', or a row of floats.
std::string result_bytes(const ResultLayout& layout, const Job& job);
// The first row of a table.
std::string header_of(const ResultLayout& layout);

// Fails a job whose numbers are not finite: none may reach JSON, and nobody can use them.
void fail_not_finite(Job& job);

}  // namespace convbert::app
