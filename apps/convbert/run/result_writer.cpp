#include "run/result_writer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/error.h"
#include "core/tensor.h"
#include "io/delimited_writer.h"
#include "io/npy.h"
#include "io/text_buffer.h"
#include "run/record_command.h"

namespace convbert::app {
namespace {

// values, row-major, as nested lists: "[[1,2],[3,4]]" for shape {2, 2}.
void append_nested(std::string& out, std::span<const std::int64_t> shape,
                   std::span<const float> values) {
  if (shape.size() == 1) return append_json_array(out, values);
  const auto count = static_cast<std::size_t>(shape.front());
  const std::size_t part = count == 0 ? 0 : values.size() / count;
  out += '[';
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out += ',';
    append_nested(out, shape.subspan(1), values.subspan(i * part, part));
  }
  out += ']';
}

std::string bytes_of(std::span<const float> row) {
  return {reinterpret_cast<const char*>(row.data()), row.size_bytes()};
}

// Is the record without an id where others have one, which is a column of their own?
bool lacks_id(const ResultLayout& layout, const Record& record) {
  const auto& names = layout.table.own.names();
  return !record.id_field && std::ranges::find(names, layout.style.id_name) != names.end();
}

void append_own_cells(std::string& row, const ResultLayout& layout, const Record& record) {
  const TableLayout& table = layout.table;
  if (!lacks_id(layout, record)) return table.own.append_cells(row, record, table.style);
  Record numbered = record;  // as in JSON
  numbered.fields.push_back({layout.style.id_name, record.id_json()});
  table.own.append_cells(row, numbered, table.style);
}

// A row of a table: what the input has, the results, what is wrong.
std::string row_of(const ResultLayout& layout, const Job& job, std::span<const std::string> results,
                   std::string_view error) {
  const TableLayout& table = layout.table;
  std::string row;
  if (table.has_id) {
    append_given_cell(row, id_text(job.record), table.style);
    row += table.style.delimiter;
  }
  append_own_cells(row, layout, job.record);
  for (const std::string& result : results) {
    append_cell(row, result, table.style);
    row += table.style.delimiter;
  }
  if (table.has_error) {
    append_cell(row, error, table.style);
  } else if (!row.empty()) {
    row.pop_back();
  }
  return row;
}

}  // namespace

Layout layout_of(const ResultLayout& layout) {
  switch (layout.format) {
    case Format::jsonl:
    case Format::json: return Layout::object;
    case Format::csv:
    case Format::tsv:
    case Format::table: return Layout::cells;
    case Format::text:
    case Format::terminal: return Layout::line;
    case Format::npy: return Layout::row;
    case Format::npz: return layout.row_width > 0 ? Layout::row : Layout::arrays;
    default: break;
  }
  throw Error(ErrorKind::internal,
              concat("--format ", name_of(layout.format), " has no layout of records"));
}

ResultLayout layout_of_rows(const RecordCommand& command) {
  ResultLayout layout;
  layout.format = Format::npy;
  layout.columns = command.columns();
  layout.row_width = command.row_width();
  return layout;
}

void add_place(JsonBuilder& json, Offsets place) {
  json.member("start", std::int64_t{place.begin}).member("end", std::int64_t{place.end});
}

std::string missing_result(const ResultLayout& layout, const Job& job) {
  const bool is_missing = layout_of(layout) == Layout::object && job.encoding.truncated == 0;
  return is_missing ? layout.style.result_prefix + kTruncated : "";
}

ResultWriter::ResultWriter(ResultLayout layout)
    : layout_(std::move(layout)), kind_(layout_of(layout_)) {}

void ResultWriter::begin(Job& job) {
  job_ = &job;
  out_.clear();
  cells_.assign(kind_ == Layout::cells ? layout_.columns.size() : 0, "");
  if (kind_ == Layout::object) {
    begin_record(out_, job.record, layout_.style, missing_result(layout_, job));
  }
  if (job.encoding.truncated > 0) field(kTruncated, job.encoding.truncated);
}

std::string* ResultWriter::json(std::string_view name) {
  if (kind_ == Layout::cells) return plain(name);
  if (kind_ != Layout::object) return nullptr;
  append_result_name(out_, name, layout_.style);
  return &out_;
}

std::string* ResultWriter::plain(std::string_view name) {
  if (kind_ != Layout::cells && kind_ != Layout::line) return nullptr;
  const auto found = std::ranges::find(layout_.columns, name);
  if (found == layout_.columns.end()) return nullptr;
  if (kind_ == Layout::cells) {
    return &cells_[static_cast<std::size_t>(found - layout_.columns.begin())];
  }
  return found == layout_.columns.begin() ? &out_ : nullptr;
}

bool ResultWriter::has_place_for(std::string_view name) const {
  if (kind_ == Layout::object || kind_ == Layout::arrays) return true;
  const auto& columns = layout_.columns;
  const auto end = kind_ == Layout::cells || columns.empty() ? columns.end() : columns.begin() + 1;
  return std::find(columns.begin(), end, name) != end;
}

bool ResultWriter::is_finite(std::span<const float> numbers) {
  if (all_finite(numbers)) return true;
  fail_not_finite(*job_);
  return false;
}

float ResultWriter::shown(float number) const {
  constexpr double kSteps = 1e4;
  if (layout_.format != Format::table) return number;
  return static_cast<float>(std::round(double{number} * kSteps) / kSteps + 0.0);
}

std::span<const float> ResultWriter::shown(std::span<const float> numbers) {
  if (layout_.format != Format::table) return numbers;
  shown_.clear();
  for (const float number : numbers) shown_.push_back(shown(number));
  return shown_;
}

std::string ResultWriter::array_name(std::string_view name) const {
  return layout_.style.result_prefix + std::string(name);
}

void ResultWriter::field(std::string_view name, std::string_view text) {
  if (kind_ == Layout::object) return append_json_string(*json(name), text);
  std::string* out = plain(name);
  if (out == nullptr) return;
  if (kind_ == Layout::line) return append_tsv_text(*out, text);
  *out += text;
}

void ResultWriter::field(std::string_view name, float number) {
  if (!is_finite({&number, 1})) return;
  if (std::string* out = kind_ == Layout::line ? plain(name) : json(name)) {
    append_json_number(*out, shown(number));
  }
}

void ResultWriter::field(std::string_view name, std::int64_t number) {
  if (std::string* out = kind_ == Layout::line ? plain(name) : json(name)) {
    append_json_number(*out, number);
  }
}

void ResultWriter::null(std::string_view name) {
  if (kind_ == Layout::object) {
    *json(name) += "null";
  } else if (std::string* out = kind_ == Layout::line ? plain(name) : nullptr) {
    *out += '-';
  }
}

void ResultWriter::field(std::string_view name, std::span<const float> numbers) {
  field(name, {static_cast<std::int64_t>(numbers.size())}, numbers);
}

void ResultWriter::field(std::string_view name, const Shape& shape,
                         std::span<const float> numbers) {
  if (!has_place_for(name) || !is_finite(numbers)) return;
  if (std::string* out = json(name)) {
    append_nested(*out, shape, shown(numbers));
  } else if (kind_ == Layout::row) {
    out_ = bytes_of(numbers);
  } else if (kind_ == Layout::arrays) {
    job_->arrays.emplace_back(array_name(name), npy_array(shape, numbers));
  }
}

void ResultWriter::field(std::string_view name, std::span<const std::int32_t> numbers) {
  if (std::string* out = json(name)) append_json_array(*out, numbers);
}

void ResultWriter::field(std::string_view name, std::span<const std::uint8_t> numbers) {
  if (std::string* out = json(name)) append_json_array(*out, numbers);
}

void ResultWriter::field(std::string_view name, const JsonStrings& strings,
                         std::span<const std::int32_t> numbers) {
  if (std::string* out = json(name)) strings.append_array(*out, numbers);
}

void ResultWriter::field(std::string_view name, const std::vector<std::string>& texts) {
  if (kind_ == Layout::arrays) {
    job_->arrays.emplace_back(array_name(name), npy_array(texts));
  } else if (kind_ != Layout::line) {
    if (std::string* out = json(name)) append_json_array(*out, texts);
  } else if (std::string* line = plain(name)) {
    for (const std::string& text : texts) {
      if (!line->empty()) *line += ' ';
      append_tsv_text(*line, text);
    }
  }
}

void ResultWriter::field(std::string_view name, std::span<const Offsets> ranges) {
  if (std::string* out = json(name)) append_json_ranges(*out, ranges);
}

void ResultWriter::field(std::string_view name, std::span<const NamedNumber> members) {
  for (const NamedNumber& one : members) {
    if (!is_finite({&one.number, 1})) return;
  }
  field(name, [this, members](JsonBuilder& json) {
    json.begin_object();
    for (const NamedNumber& one : members) json.member(one.name, shown(one.number));
    json.end_object();
  });
}

void ResultWriter::field(std::string_view name, const std::function<void(JsonBuilder&)>& write) {
  std::string* out = json(name);
  if (out == nullptr) return;
  JsonBuilder json(*out);
  write(json);
}

void ResultWriter::finish() {
  constexpr std::size_t kMostKept = 1 << 20;
  if (kind_ == Layout::object) out_ += '}';
  if (kind_ == Layout::cells) out_ = row_of(layout_, *job_, cells_, "");
  job_->output = out_.size() > kMostKept ? std::move(out_) : out_;
}

std::string result_bytes(const ResultLayout& layout, const Job& job) {
  const Layout kind = layout_of(layout);
  if (!job.failed()) return kind == Layout::row ? job.output : job.output + "\n";
  switch (kind) {
    case Layout::row:
      return bytes_of(std::vector<float>(static_cast<std::size_t>(layout.row_width),
                                         std::numeric_limits<float>::quiet_NaN()));
    case Layout::cells:
      return row_of(layout, job, std::vector<std::string>(layout.columns.size()), job.failure) +
             "\n";
    case Layout::line: return "\n";
    default: return error_record(job.record, job.failure_kind, job.failure, layout.style) + "\n";
  }
}

std::string header_of(const ResultLayout& layout) {
  const TableLayout& table = layout.table;
  std::vector<std::string> names;
  if (table.has_id) names.push_back(layout.style.id_name);
  names.insert(names.end(), table.own.names().begin(), table.own.names().end());
  for (const std::string& column : layout.columns)
    names.push_back(layout.style.result_prefix + column);
  if (table.has_error) names.push_back(layout.style.result_prefix + kErrorColumn);
  std::string header(table.has_byte_order_mark ? kByteOrderMark : "");
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) header += table.style.delimiter;
    append_given_cell(header, names[i], table.style);
  }
  return header + '\n';
}

void fail_not_finite(Job& job) {
  job.failure = concat(job.record.where, ": the model gives NaN or infinity for this text; ",
                       "its weights may be damaged");
  job.failure_kind = "model";
}

}  // namespace convbert::app
