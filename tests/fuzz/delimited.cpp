// CSV and TSV files: any bytes give records whose fields are those of the header, as well-formed
// JSON strings, with the text among them, or errors in their place, or an Error(format).
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "core/cancel.h"
#include "core/error.h"
#include "core/json.h"
#include "io/json_text.h"
#include "io/record_reader.h"

using namespace convbert;

namespace {

// A file in memory that is opened anew, from its start, by each reading of its path.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(::memfd_create("input", MFD_CLOEXEC)) {
    if (descriptor_ < 0) __builtin_trap();
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }
  void fill(const std::uint8_t* data, std::size_t size) {
    const auto wanted = static_cast<ssize_t>(size);
    if (::ftruncate(descriptor_, 0) != 0 || ::pwrite(descriptor_, data, size, 0) != wanted) {
      __builtin_trap();
    }
  }

 private:
  int descriptor_;
};

void check(const Record& record, std::size_t columns) {
  if (!record.error.empty()) return;
  if (record.fields.size() != columns) __builtin_trap();
  bool has_text = false;
  for (const RecordField& field : record.fields) {
    if (!check_json(field.json).empty()) __builtin_trap();
    has_text |= decode_json_string(field.json) == record.text;
  }
  if (!has_text || (record.id_field && *record.id_field >= columns)) __builtin_trap();
}

}  // namespace

// The first byte says which format.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const CancelToken never;
  static MemoryFile file;
  if (size == 0) return 0;
  file.fill(data + 1, size - 1);
  RecordSourceOptions options{.paths = {file.path()},
                              .format = data[0] == 't' ? InputFormat::tsv : InputFormat::csv};
  try {
    const auto source = open_records(std::move(options), never);
    std::size_t columns = 0;
    std::int64_t line = 0;
    std::int64_t number = 0;
    for (Record record; source->next(record);) {
      if (columns == 0) columns = record.fields.size();
      check(record, columns);
      if (record.number != number++ || record.line < std::max<std::int64_t>(line, 1))
        __builtin_trap();
      line = record.line;
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::format) __builtin_trap();
  }
  return 0;
}
