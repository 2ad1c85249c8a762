// JSON records: what check_json() accepts can be taken apart and put together again.
#include <cstdint>
#include <string_view>

#include "core/json.h"
#include "io/json_text.h"

using namespace convbert;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const bool is_object = first != std::string_view::npos && text[first] == '{';
  if (!check_json(text, {.depth = 64, .values = 10'000}).empty() || !is_object) return 0;
  std::string joined = "{";
  for (const JsonMember& member : split_json_object(text)) {
    if (joined.size() > 1) joined += ',';
    append_json_string(joined, decode_json_string(member.key));
    joined += ':';
    joined += member.value;
  }
  if (!check_json(joined + "}").empty()) __builtin_trap();
  return 0;
}
