// From lines to records, one format each. Private to lib/io.
#pragma once

#include <memory>

#include "io/line_reader.h"
#include "io/record.h"
#include "io/record_reader.h"

namespace convbert {

// Reads the records of one file: fills fields, text, pair, error and line of a record; its caller
// numbers it and says where it is.
class RecordParser {
 public:
  virtual ~RecordParser() = default;
  virtual bool next(Record& record) = 0;
  virtual const ByteSource& source() const = 0;
};

std::unique_ptr<RecordParser> make_text_parser(LineReader lines, const RecordFields& fields);
std::unique_ptr<RecordParser> make_jsonl_parser(LineReader lines, const RecordFields& fields);
std::unique_ptr<RecordParser> make_tsv_parser(LineReader lines, const RecordFields& fields);
std::unique_ptr<RecordParser> make_csv_parser(LineReader lines, const RecordFields& fields);

}  // namespace convbert
