#include "io/record_writer.h"

#include <algorithm>

#include "core/utf8.h"
#include "io/json_text.h"

namespace convbert {
namespace {

void append_id(std::string& out, const Record& record, const RecordStyle& style) {
  append_json_string(out, style.id_name);
  out += ':';
  out += record.id_json();
}

}  // namespace

// There are few of them.
bool is_result(const std::string& name, const RecordStyle& style) {
  return std::ranges::find(style.result_names, name) != style.result_names.end();
}

void begin_record(std::string& out, const Record& record, const RecordStyle& style,
                  std::string_view missing) {
  out += '{';
  if (style.only_result || !record.id_field) append_id(out, record, style);
  if (style.only_result) return;
  for (std::size_t i = 0; i < record.fields.size(); ++i) {
    const RecordField& field = record.fields[i];
    const bool is_missing = !missing.empty() && field.name == missing;
    if (is_result(field.name, style) && !is_missing) continue;
    if (out.back() != '{') out += ',';
    append_json_string(out, field.name);
    out += ':';
    out += field.json;
  }
}

void append_result_name(std::string& out, std::string_view name, const RecordStyle& style) {
  if (out.back() != '{') out += ',';
  if (style.result_prefix.empty()) {
    append_json_string(out, name);
  } else {
    append_json_string(out, style.result_prefix + std::string(name));
  }
  out += ':';
}

void begin_error_record(std::string& out, const Record& record, const RecordStyle& style) {
  out += '{';
  append_id(out, record, style);
  if (style.id_name != "line") {  // which an id may be, and no name stands twice
    out += ",\"line\":";
    append_json_number(out, record.line);
  }
  out += ",\"error\":{\"kind\":";
}

std::string error_record(const Record& record, std::string_view kind, std::string_view message,
                         const RecordStyle& style) {
  std::string out;
  begin_error_record(out, record, style);
  append_json_string(out, kind);
  out += ",\"message\":";
  append_json_string(out, replace_invalid_utf8(message));
  out += "}}";
  return out;
}

}  // namespace convbert
