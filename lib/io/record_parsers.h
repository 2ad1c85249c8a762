// From a text to records, one format each. Private to lib/io.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/record.h"
#include "io/record_reader.h"
#include "io/text_buffer.h"

namespace convbert {

// Reads the records of one file: fills fields, text, pair, error and line of a record; its caller
// numbers it and says where it is.
class RecordParser {
 public:
  virtual ~RecordParser() = default;
  // False at the end. Throws Error(format) where nothing that follows can be read.
  virtual bool next(Record& record) = 0;
  virtual const ByteSource& source() const = 0;
  // Those that the header of a table names, once it has been read.
  virtual const std::vector<std::string>* columns() const { return nullptr; }
};

std::unique_ptr<RecordParser> make_text_parser(TextBuffer text, const RecordFields& fields);
std::unique_ptr<RecordParser> make_jsonl_parser(TextBuffer text, const RecordFields& fields);
std::unique_ptr<RecordParser> make_json_parser(TextBuffer text, const RecordFields& fields);
std::unique_ptr<RecordParser> make_tsv_parser(TextBuffer text, const RecordFields& fields,
                                              char delimiter);
std::unique_ptr<RecordParser> make_csv_parser(TextBuffer text, const RecordFields& fields,
                                              char delimiter);

// What is wrong with a text that is not well-formed UTF-8; "" for one that is.
std::string invalid_utf8(std::string_view text);
inline constexpr std::string_view kUtf8Advice =
    "expected UTF-8 text (iconv -f latin1 -t utf-8 converts Latin-1)";

// "a line of more than 64 MiB; expected shorter records"
std::string too_long(std::string_view what);

// Leaves a record that cannot be used its id, in JSON, alone. "null": there is one, but it cannot
// be read, and its number, which others of the input may have as an id, does not stand for it.
void keep_only_id(Record& record, const RecordFields& fields, std::string id_json);

}  // namespace convbert
