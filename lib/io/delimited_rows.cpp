#include "io/delimited_rows.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "io/line_reader.h"
#include "io/record_parsers.h"

namespace convbert {
namespace {

void add_cell(Row& row, std::string_view cell, bool in_quotes) {
  if (++row.count > kMostColumns) return;
  row.cells.emplace_back(cell);
  row.in_quotes.push_back(in_quotes);
}

class TsvRows : public RowReader {
 public:
  TsvRows(TextBuffer text, char delimiter) : lines_(std::move(text)), delimiter_(delimiter) {}

  bool next(Row& row) override {
    std::string_view line;
    if (!lines_.next(line)) return false;
    row = {};
    row.line = lines_.line_number();
    if (lines_.is_too_long()) {
      row.error = too_long("a row");
      return true;
    }
    if (line.ends_with('\r')) line.remove_suffix(1);
    while (true) {
      const std::size_t end = line.find(delimiter_);
      add_cell(row, line.substr(0, end), false);
      if (end == std::string_view::npos) return true;
      line.remove_prefix(end + 1);
    }
  }

  const ByteSource& source() const override { return lines_.source(); }

 private:
  LineReader lines_;
  char delimiter_;
};

// A line as CSV has it, and how it ended: "\n", "\r\n", "\r" or, the last one, "".
struct CsvLine {
  std::string_view text;
  std::string_view end;
  std::int64_t number = 0;  // counts '\n'
  bool is_too_long = false;
};

// Lines that can be gone back to: those of the row at hand, all but its first, are kept.
class CsvLines {
 public:
  explicit CsvLines(TextBuffer text) : lines_(std::move(text)) {}

  // The line with which a row may begin; those before it are forgotten. Good until the next call.
  bool begin_row(CsvLine& line) {
    if (has_kept()) {
      line = kept_line();
    } else if (!read(line)) {
      return false;
    }
    back_ = at_;
    back_number_ = number_;
    return true;
  }

  // One that belongs to the row that has begun. There must be no kept one.
  bool go_on(CsvLine& line) {
    kept_.erase(0, std::exchange(back_, 0));
    if (!read(line)) return false;
    kept_ += line.text;
    kept_ += line.end;
    at_ = kept_.size();
    return true;
  }

  // Behind the first line of the row.
  void go_back() {
    at_ = back_;
    number_ = back_number_;
  }

  // Is the next line one that was gone back to?
  bool has_kept() const { return at_ < kept_.size(); }

  const ByteSource& source() const { return lines_.source(); }

 private:
  bool read(CsvLine& line) {
    if (!has_rest_) {
      if (!lines_.next(rest_)) return false;
      has_rest_ = true;
    }
    const std::size_t end = rest_.find('\r');
    line = {.text = rest_.substr(0, end),
            .end = "",
            .number = lines_.line_number(),
            .is_too_long = lines_.is_too_long()};
    if (end == std::string_view::npos || end + 1 == rest_.size()) {
      const bool has_return = end != std::string_view::npos;
      line.end = lines_.had_newline() ? has_return ? "\r\n" : "\n" : has_return ? "\r" : "";
      has_rest_ = false;
    } else {
      line.end = "\r";
      rest_.remove_prefix(end + 1);
    }
    number_ = line.number + (has_rest_ ? 0 : 1);
    return true;
  }

  CsvLine kept_line() {
    const std::string_view kept = std::string_view(kept_).substr(at_);
    const std::size_t size = std::min(kept.find_first_of("\r\n"), kept.size());
    const std::string_view behind = kept.substr(size);
    const std::size_t end = behind.starts_with("\r\n") ? 2 : behind.empty() ? 0 : 1;
    const CsvLine line{
        .text = kept.substr(0, size), .end = behind.substr(0, end), .number = number_};
    at_ += size + end;
    if (line.end.ends_with('\n')) ++number_;
    return line;
  }

  LineReader lines_;
  std::string_view rest_;  // of the line that `lines_` has given
  bool has_rest_ = false;
  std::string kept_;
  std::size_t at_ = 0;       // in kept_, what comes next
  std::size_t back_ = 0;     // in kept_, behind the first line of the row
  std::int64_t number_ = 1;  // of the line that comes next
  std::int64_t back_number_ = 1;
};

class CsvRows : public RowReader {
 public:
  CsvRows(TextBuffer text, char delimiter) : lines_(std::move(text)), delimiter_(delimiter) {}

  bool next(Row& row) override {
    CsvLine line;
    do {
      if (!lines_.begin_row(line)) return false;
    } while (line.text.empty() && !line.is_too_long);
    row = {};
    row.line = line.number;
    in_quotes_ = false;
    std::size_t bytes = 0;
    while (true) {
      bytes += line.text.size() + line.end.size();
      if (line.is_too_long || bytes > kMaxRecordBytes) return fail(row, too_long("a row"));
      if (!add_cells(line, row)) {
        return fail(row, "a quote inside a quoted field that is not doubled; expected RFC 4180");
      }
      if (!in_quotes_) return true;
      // The row that was gone back from came by here in quotes, too, and was broken.
      if (lines_.has_kept()) return fail(row, broken_);
      if (!lines_.go_on(line)) {
        return fail(row, "a quoted field that is not closed before the end of the file");
      }
    }
  }

  const ByteSource& source() const override { return lines_.source(); }

 private:
  // Adds what the line holds; false where something follows a closing quote. Afterwards in_quotes_
  // says that the last cell goes on.
  bool add_cells(const CsvLine& line, Row& row) {
    const std::string_view text = line.text;
    for (std::size_t at = 0;; ++at) {  // behind the delimiter
      if (!in_quotes_ && !text.substr(at).starts_with('"')) {
        const std::size_t end = std::min(text.find(delimiter_, at), text.size());
        add_cell(row, text.substr(at, end - at), false);
        at = end;
      } else {
        if (!std::exchange(in_quotes_, true)) {
          cell_.clear();
          ++at;
        }
        at = quoted_part(text, at);
        if (in_quotes_) {
          cell_ += line.end;
          return true;
        }
        if (at < text.size() && text[at] != delimiter_) return false;
        add_cell(row, cell_, true);
      }
      if (at == text.size()) return true;
    }
  }

  // Adds to cell_ up to the closing quote, and returns the place behind it.
  std::size_t quoted_part(std::string_view text, std::size_t at) {
    while (true) {
      const std::size_t quote = std::min(text.find('"', at), text.size());
      cell_ += text.substr(at, quote - at);
      if (quote == text.size()) return quote;
      at = quote + 1;
      if (!text.substr(at).starts_with('"')) break;
      cell_ += '"';
      ++at;
    }
    in_quotes_ = false;
    return at;
  }

  bool fail(Row& row, std::string error) {
    broken_ = error;
    row.error = std::move(error);
    lines_.go_back();
    return true;
  }

  CsvLines lines_;
  char delimiter_;
  bool in_quotes_ = false;
  std::string cell_;    // one in quotes
  std::string broken_;  // why the last such row was
};

}  // namespace

std::unique_ptr<RowReader> make_tsv_rows(TextBuffer text, char delimiter) {
  return std::make_unique<TsvRows>(std::move(text), delimiter);
}

std::unique_ptr<RowReader> make_csv_rows(TextBuffer text, char delimiter) {
  return std::make_unique<CsvRows>(std::move(text), delimiter);
}

}  // namespace convbert
