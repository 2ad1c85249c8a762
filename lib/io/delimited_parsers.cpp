// TSV and CSV: a header row of names, then rows of as many fields.
#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"
#include "io/delimited_rows.h"
#include "io/json_text.h"
#include "io/record_parsers.h"

namespace convbert {
namespace {

// A separator that the header may have in place of the one it was read with.
std::string other_delimiter(const std::vector<std::string>& names, const char* option) {
  if (names.size() != 1) return "";
  for (const auto& [c, shown] :
       {std::pair{';', "';'"}, {'\t', "'\\t'"}, {',', "','"}, {'|', "'|'"}}) {
    if (names.front().find(c) != std::string::npos) {
      return concat("; is it ", option, " ", shown, "?");
    }
  }
  return "";
}

class DelimitedParser : public RecordParser {
 public:
  DelimitedParser(std::unique_ptr<RowReader> rows, const RecordFields& fields)
      : rows_(std::move(rows)), fields_(fields) {}

  bool next(Record& record) override {
    if (names_.empty() && !read_header()) return false;
    Row row;
    if (!rows_->next(row)) return false;
    record.line = row.line;
    record.error = fill(row, record);
    if (record.error.empty()) return true;
    record.fields.clear();
    if (id_) keep_only_id(record, fields_, id_of(row));
    return true;
  }

  const ByteSource& source() const override { return rows_->source(); }
  const std::vector<std::string>* columns() const override {
    return names_.empty() ? nullptr : &names_;
  }

 private:
  bool read_header() {
    Row header;
    if (!rows_->next(header)) return false;
    const auto fail = [&](const std::string& what) {
      throw Error(ErrorKind::format, concat(rows_->source().name(), ":", header.line, ": ", what));
    };
    if (!header.error.empty()) fail(header.error);
    if (header.count > kMostColumns) {
      fail(concat("a header of ", header.count, " columns; expected at most ", kMostColumns));
    }
    names_ = std::move(header.cells);
    std::unordered_set<std::string_view> seen;
    for (const std::string& name : names_) {
      if (find_invalid_utf8(name) != kValidUtf8) {
        fail(concat("the header is not valid UTF-8; ", kUtf8Advice));
      }
      if (!seen.insert(name).second) {
        fail(concat("the header names \"", printable(name), "\" twice"));
      }
    }
    text_ = required_column(fields_.text, fields_.names.text, fail);
    if (!fields_.pair.empty() && fields_.pair != fields_.text) {
      pair_ = fields_.pair_required ? required_column(fields_.pair, fields_.names.pair, fail)
                                    : column(fields_.pair);
    }
    id_ = column(fields_.id);
    return true;
  }

  template <class Fail>
  std::size_t required_column(const std::string& name, const char* option, Fail fail) const {
    const auto found = column(name);
    if (!found) {
      fail(concat("the header has no column ", quoted(name), "; it has ", list_of_names(), " (",
                  option, " names another)", other_delimiter(names_, fields_.names.delimiter)));
    }
    return *found;
  }

  std::string list_of_names() const {
    constexpr std::size_t kMost = 8;
    std::string list;
    for (std::size_t i = 0; i < std::min(names_.size(), kMost); ++i) {
      list += concat(i > 0 ? ", " : "", "\"", printable(names_[i], 40), "\"");
    }
    return names_.size() > kMost ? list + ", ..." : list;
  }

  std::optional<std::size_t> column(const std::string& name) const {
    const auto found = std::ranges::find(names_, name);
    if (found == names_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - names_.begin());
  }

  // Fills the record, or returns what is wrong with it.
  std::string fill(Row& row, Record& record) const {
    if (!row.error.empty()) return row.error;
    if (row.count != names_.size()) {
      return concat("a row of ", row.count, " fields; the header has ", names_.size());
    }
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      if (find_invalid_utf8(row.cells[i]) != kValidUtf8) {
        return concat("invalid UTF-8 in column \"", printable(names_[i]), "\"; ", kUtf8Advice);
      }
      std::string json;
      append_json_string(json, row.cells[i]);
      record.fields.push_back({names_[i], std::move(json), row.in_quotes[i]});
    }
    record.id_field = id_;
    record.text = std::move(row.cells[*text_]);
    if (pair_) record.pair = std::move(row.cells[*pair_]);
    return "";
  }

  // The id of a row that failed: what stands before its text is in its place even if there are too
  // few cells, or, for a delimiter in the text, too many.
  std::string id_of(const Row& row) const {
    const bool is_in_place = *id_ < *text_ || (row.error.empty() && row.count == names_.size());
    if (!is_in_place || *id_ >= row.cells.size()) return "null";
    const std::string& id = row.cells[*id_];
    if (find_invalid_utf8(id) != kValidUtf8) return "null";
    std::string json;
    append_json_string(json, id);
    return json;
  }

  std::unique_ptr<RowReader> rows_;
  RecordFields fields_;
  std::vector<std::string> names_;
  std::optional<std::size_t> text_;
  std::optional<std::size_t> pair_;
  std::optional<std::size_t> id_;
};

}  // namespace

std::unique_ptr<RecordParser> make_tsv_parser(TextBuffer text, const RecordFields& fields,
                                              char delimiter) {
  return std::make_unique<DelimitedParser>(make_tsv_rows(std::move(text), delimiter), fields);
}

std::unique_ptr<RecordParser> make_csv_parser(TextBuffer text, const RecordFields& fields,
                                              char delimiter) {
  return std::make_unique<DelimitedParser>(make_csv_rows(std::move(text), delimiter), fields);
}

}  // namespace convbert
