// Rows of cells, as CSV and TSV lay them out. Private to lib/io.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/text_buffer.h"

namespace convbert {

// Of a row; more cells are counted and not kept.
inline constexpr std::size_t kMostColumns = 65'536;

struct Row {
  std::vector<std::string> cells;  // at most kMostColumns; of a row with an error: those before it
  std::vector<bool> in_quotes;     // did the cell stand in quotes?
  std::size_t count = 0;           // of all its cells
  std::int64_t line = 0;           // on which it starts
  std::string error;
};

class RowReader {
 public:
  virtual ~RowReader() = default;
  virtual bool next(Row& row) = 0;
  virtual const ByteSource& source() const = 0;
};

// A line is a row, without quoting.
std::unique_ptr<RowReader> make_tsv_rows(TextBuffer text, char delimiter);
// RFC 4180, and two things besides, as Python's csv module has them: lines may end in a lone '\r',
// and a quote inside a cell that does not begin with one is part of it. Empty lines are passed
// over. Text behind a closing quote, which Python takes unless it is strict, breaks the row: what
// was meant is not guessed. A row whose quotes are broken takes up one line: the rows behind it are
// found again, whatever its quotes say.
std::unique_ptr<RowReader> make_csv_rows(TextBuffer text, char delimiter);

}  // namespace convbert
