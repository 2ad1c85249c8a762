// TSV and CSV: a header row of names, then rows of as many fields.
#include <csv.h>

#include <algorithm>
#include <deque>
#include <new>

#include "core/error.h"
#include "core/utf8.h"
#include "io/json_text.h"
#include "io/record_parsers.h"

namespace convbert {
namespace {

constexpr std::size_t kFieldGrowth = 1 << 20;  // libcsv's own 128 bytes make long fields slow

struct Row {
  std::vector<std::string> cells;
  std::int64_t line = 0;
  std::string error;
};

class RowReader {
 public:
  virtual ~RowReader() = default;
  virtual bool next(Row& row) = 0;
  virtual const ByteSource& source() const = 0;
};

std::string too_long() {
  return concat("a row of more than ", kMaxLineBytes >> 20, " MiB; expected shorter records");
}

class TsvRows : public RowReader {
 public:
  explicit TsvRows(LineReader lines) : lines_(std::move(lines)) {}

  bool next(Row& row) override {
    std::string_view line;
    if (!lines_.next(line)) return false;
    row = {.cells = {}, .line = lines_.line_number(), .error = ""};
    if (lines_.is_too_long()) row.error = too_long();
    if (line.ends_with('\r')) line.remove_suffix(1);
    while (true) {
      const std::size_t tab = line.find('\t');
      row.cells.emplace_back(line.substr(0, tab));
      if (tab == std::string_view::npos) return true;
      line.remove_prefix(tab + 1);
    }
  }

  const ByteSource& source() const override { return lines_.source(); }

 private:
  LineReader lines_;
};

// libcsv, fed a line at a time, so that every row knows the line it starts on.
class CsvRows : public RowReader {
 public:
  explicit CsvRows(LineReader lines) : lines_(std::move(lines)) { start(); }
  ~CsvRows() override { csv_free(&parser_); }
  CsvRows(const CsvRows&) = delete;
  CsvRows& operator=(const CsvRows&) = delete;

  bool next(Row& row) override {
    while (rows_.empty()) {
      std::string_view line;
      if (!lines_.next(line)) {
        if (!finish()) return false;
        continue;
      }
      feed(line);
    }
    row = std::move(rows_.front());
    rows_.pop_front();
    return true;
  }

  const ByteSource& source() const override { return lines_.source(); }

 private:
  void start() {
    if (csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI) != 0) throw std::bad_alloc();
    csv_set_space_func(&parser_, [](unsigned char) { return 0; });  // white space is data
    csv_set_blk_size(&parser_, kFieldGrowth);
    current_ = {};
    bytes_ = 0;
  }

  void restart_after(const std::string& error) {
    rows_.push_back({.cells = {}, .line = current_.line, .error = error});
    csv_free(&parser_);
    start();
  }

  // To libcsv a lone '\r' ends a row, too. A piece holds one such end, its last byte: so at the
  // start of each it is known whether a row has begun.
  void feed(std::string_view line) {
    if (lines_.is_too_long()) {
      begin_row();
      return restart_after(too_long());
    }
    while (!line.empty()) {
      const std::size_t end = line.find('\r');
      const std::size_t size = end == std::string_view::npos ? line.size() : end + 1;
      const std::string_view piece = line.substr(0, size);
      line.remove_prefix(size);
      if (current_.line == 0 && piece == "\r")
        continue;  // between rows; libcsv passes it over, too
      begin_row();
      bytes_ += size;
      if (bytes_ > kMaxLineBytes) return restart_after(too_long());
      parse(piece);
    }
    if (current_.line != 0 && lines_.had_newline()) {
      ++bytes_;
      parse("\n");
    }
  }

  void begin_row() {
    if (current_.line == 0) current_.line = lines_.line_number();
  }

  void parse(std::string_view text) {
    if (csv_parse(&parser_, text.data(), text.size(), on_cell, on_row, this) != text.size()) {
      restart_after("a quote inside a quoted field that is not doubled; expected RFC 4180");
    }
  }

  bool finish() {
    if (finished_) return false;
    finished_ = true;
    if (csv_fini(&parser_, on_cell, on_row, this) != 0) {
      restart_after("a quoted field that is not closed before the end of the file");
    }
    return true;
  }

  static void on_cell(void* cell, std::size_t size, void* self) {
    static_cast<CsvRows*>(self)->current_.cells.emplace_back(static_cast<const char*>(cell), size);
  }
  static void on_row(int, void* self) {
    auto& rows = *static_cast<CsvRows*>(self);
    rows.rows_.push_back(std::move(rows.current_));
    rows.current_ = {};
    rows.bytes_ = 0;
  }

  LineReader lines_;
  csv_parser parser_{};
  std::deque<Row> rows_;  // complete, not yet handed out
  Row current_;           // line 0: none begun
  std::size_t bytes_ = 0;
  bool finished_ = false;
};

class DelimitedParser : public RecordParser {
 public:
  DelimitedParser(std::unique_ptr<RowReader> rows, const RecordFields& fields)
      : rows_(std::move(rows)), fields_(fields) {}

  bool next(Record& record) override {
    if (names_.empty() && !read_header()) return false;
    Row row;
    if (!rows_->next(row)) return false;
    record.line = row.line;
    record.error = row.error.empty() ? fill(row, record) : row.error;
    return true;
  }

  const ByteSource& source() const override { return rows_->source(); }

 private:
  bool read_header() {
    Row header;
    if (!rows_->next(header)) return false;
    const auto fail = [&](const std::string& what) {
      throw Error(ErrorKind::format, concat(rows_->source().name(), ":", header.line, ": ", what));
    };
    if (!header.error.empty()) fail(header.error);
    names_ = header.cells;
    std::string list;
    for (const std::string& name : names_) {
      if (find_invalid_utf8(name) != kValidUtf8) fail("the header is not valid UTF-8");
      if (std::ranges::count(names_, name) > 1) {
        fail(concat("the header names \"", printable(name), "\" twice"));
      }
      list += concat(list.empty() ? "" : ", ", "\"", printable(name, 40), "\"");
    }
    text_ = column(fields_.text);
    if (!text_) {
      fail(concat("the header has no column \"", fields_.text, "\"; it has ", printable(list, 300),
                  " (--text-field names another)"));
    }
    if (!fields_.pair.empty() && fields_.pair != fields_.text) pair_ = column(fields_.pair);
    if (!pair_ && fields_.pair_required) {
      fail(
          concat("the header has no column \"", fields_.pair, "\"; it has ", printable(list, 300)));
    }
    id_ = column(fields_.id);
    return true;
  }

  std::optional<std::size_t> column(const std::string& name) const {
    const auto found = std::ranges::find(names_, name);
    if (found == names_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - names_.begin());
  }

  std::string fill(Row& row, Record& record) const {
    if (row.cells.size() != names_.size()) {
      return concat("a row of ", row.cells.size(), " fields; the header has ", names_.size());
    }
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      if (find_invalid_utf8(row.cells[i]) != kValidUtf8) {
        record.fields.clear();
        return concat("invalid UTF-8 in column \"", printable(names_[i]), "\"");
      }
      std::string json;
      append_json_string(json, row.cells[i]);
      record.fields.push_back({names_[i], std::move(json)});
    }
    record.id_field = id_;
    record.text = std::move(row.cells[*text_]);
    if (pair_) record.pair = std::move(row.cells[*pair_]);
    return "";
  }

  std::unique_ptr<RowReader> rows_;
  RecordFields fields_;
  std::vector<std::string> names_;
  std::optional<std::size_t> text_;
  std::optional<std::size_t> pair_;
  std::optional<std::size_t> id_;
};

}  // namespace

std::unique_ptr<RecordParser> make_tsv_parser(LineReader lines, const RecordFields& fields) {
  return std::make_unique<DelimitedParser>(std::make_unique<TsvRows>(std::move(lines)), fields);
}

std::unique_ptr<RecordParser> make_csv_parser(LineReader lines, const RecordFields& fields) {
  return std::make_unique<DelimitedParser>(std::make_unique<CsvRows>(std::move(lines)), fields);
}

}  // namespace convbert
