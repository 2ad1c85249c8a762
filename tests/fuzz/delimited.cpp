// CSV and TSV files: any bytes give records whose fields are those of the header, as well-formed
// JSON strings, with the text among them, or errors in their place, or an Error(format). A last row
// without quotes is found, whatever stands before it.
#include <algorithm>
#include <cstdint>
#include <string>

#include "core/cancel.h"
#include "core/error.h"
#include "core/json_scan.h"
#include "io/json_text.h"
#include "io/record_reader.h"
#include "memory_file.h"

using namespace convbert;

namespace {

constexpr std::string_view kLastText = "the last";

void check(const Record& record, std::size_t columns) {
  if (!record.error.empty()) {
    if (!record.text.empty() || record.fields.size() > 1) __builtin_trap();
    return;
  }
  if (record.fields.size() != columns) __builtin_trap();
  bool has_text = false;
  for (const RecordField& field : record.fields) {
    if (!check_json(field.json).empty()) __builtin_trap();
    has_text |= decode_json_string(field.json) == record.text;
  }
  if (!has_text || (record.id_field && *record.id_field >= columns)) __builtin_trap();
}

}  // namespace

// The first byte says which format; of 'l' the header and the last row are not in the bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const CancelToken never;
  static MemoryFile file;
  if (size == 0) return 0;
  const bool has_last = data[0] == 'l';
  std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (has_last) text = "text\n" + text + "\n" + std::string(kLastText);
  file.fill(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  RecordSourceOptions options{.paths = {file.path()},
                              .format = data[0] == 't' ? InputFormat::tsv : InputFormat::csv};
  std::string last;
  try {
    const auto source = open_records(std::move(options), never);
    std::size_t columns = 0;
    std::int64_t line = 0;
    std::int64_t number = 0;
    for (Record record; source->next(record);) {
      if (columns == 0 && record.error.empty()) columns = record.fields.size();
      check(record, columns);
      if (record.number != number++ || record.line < std::max<std::int64_t>(line, 1)) {
        __builtin_trap();
      }
      line = record.line;
      last = record.text;
    }
    if (has_last && last != kLastText) __builtin_trap();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::format) __builtin_trap();
  }
  return 0;
}
