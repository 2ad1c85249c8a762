// JSON records: what check_json() accepts can be taken apart and put together again, and of what it
// does not, the members before the fault are well formed. What begins with [ is read as an array:
// any bytes give records or an Error(format), and an array as many records as it has elements.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancel.h"
#include "core/error.h"
#include "core/json.h"
#include "io/json_text.h"
#include "io/record_reader.h"
#include "memory_file.h"

using namespace convbert;

namespace {

void take_apart(std::string_view text) {
  constexpr JsonLimits kLimits{.depth = 64, .values = 10'000, .members = 1'000};
  std::vector<JsonMember> members;
  const bool is_whole = split_json_object(text, kLimits, members).empty();
  if (is_whole != check_json(text, kLimits).empty() && members.size() < kLimits.members) {
    __builtin_trap();
  }
  std::string joined = "{";
  for (const JsonMember& member : members) {
    if (joined.size() > 1) joined += ',';
    append_json_string(joined, decode_json_string(member.key));
    joined += ':';
    joined += member.value;
  }
  if (!check_json(joined + "}").empty()) __builtin_trap();
}

void read_array(std::string_view text) {
  static const CancelToken never;
  static MemoryFile file;
  file.fill(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  std::int64_t count = 0;
  bool is_whole = true;
  try {
    const auto source = open_records({.paths = {file.path()}, .format = InputFormat::json}, never);
    for (Record record; source->next(record); ++count) {
      if (record.error.empty() ? record.fields.empty() : !record.text.empty()) __builtin_trap();
      for (const RecordField& field : record.fields) {
        if (!check_json(field.json).empty() || field.json.find('\n') != std::string::npos) {
          __builtin_trap();
        }
      }
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::format) __builtin_trap();
    is_whole = false;
  }
  if (text.find('\0') != std::string_view::npos || !check_json(text).empty()) return;
  const Json array = Json::parse(text.begin(), text.end(), nullptr, false);
  if (array.is_discarded()) return;  // a number too large for it
  if (is_whole ? count != static_cast<std::int64_t>(array.size()) : count < 100) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return 0;
  if (text[first] == '[') read_array(text);
  take_apart(text);
  return 0;
}
