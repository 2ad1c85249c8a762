#include "io/record.h"

#include "core/utf8.h"
#include "io/json_text.h"

namespace convbert {

std::string id_text(const Record& record) {
  const std::string json = record.id_json();
  return json.starts_with('"') ? decode_json_string(json) : json;
}

std::string safe_id(const Record& record) {
  constexpr int kMostCharacters = 100;
  constexpr std::size_t kMostBytes = 200;  // file systems take 255, an extension included
  const std::string text = id_text(record);
  std::string safe;
  int characters = 0;
  for (std::size_t position = 0;
       position < text.size() && characters < kMostCharacters && safe.size() < kMostBytes - 4;
       ++characters) {
    const char32_t c = decode_utf8(text, position);
    const bool is_control = c < 0x20 || (c >= 0x7F && c < 0xA0);
    const bool is_hiding = c == U'.' && characters == 0;
    append_utf8(safe, is_control || is_hiding || c == U'/' || c == U'\\' ? U'_' : c);
  }
  return safe.empty() ? "_" : safe;
}

}  // namespace convbert
