#include "io/record_parsers.h"

#include <utility>

#include "core/error.h"
#include "core/utf8.h"
#include "io/json_text.h"
#include "io/line_reader.h"

namespace convbert {
namespace {

class TextParser : public RecordParser {
 public:
  TextParser(TextBuffer text, const RecordFields& fields)
      : lines_(std::move(text)), fields_(fields) {}

  bool next(Record& record) override {
    std::string_view line;
    if (!lines_.next(line)) return false;
    record.line = lines_.line_number();
    if (lines_.had_newline() && line.ends_with('\r')) line.remove_suffix(1);
    record.error = lines_.is_too_long() ? too_long("a line") : invalid_utf8(line);
    if (!record.error.empty()) return true;
    record.text = line;
    RecordField& field = record.fields.emplace_back();
    field.name = fields_.text;
    field.json.reserve(line.size() + 2);
    append_json_string(field.json, line);
    return true;
  }

  const ByteSource& source() const override { return lines_.source(); }

 private:
  LineReader lines_;
  RecordFields fields_;
};

}  // namespace

std::string invalid_utf8(std::string_view text) {
  const std::size_t position = find_invalid_utf8(text);
  if (position == kValidUtf8) return "";
  return concat("invalid UTF-8 at byte ", position + 1, " of the record; ", kUtf8Advice);
}

std::string too_long(std::string_view what) {
  return concat(what, " of more than ", kMaxRecordBytes >> 20, " MiB; expected shorter records");
}

void keep_only_id(Record& record, const RecordFields& fields, std::string id_json) {
  record.fields.clear();
  record.fields.push_back({fields.id, std::move(id_json)});
  record.id_field = 0;
}

std::unique_ptr<RecordParser> make_text_parser(TextBuffer text, const RecordFields& fields) {
  return std::make_unique<TextParser>(std::move(text), fields);
}

}  // namespace convbert
