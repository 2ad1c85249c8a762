#include "io/record.h"

#include <algorithm>

#include "core/acting.h"
#include "core/error.h"
#include "core/utf8.h"
#include "io/json_text.h"

namespace convbert {

const RecordField* find_field(const Record& record, std::string_view name) {
  const auto found =
      std::ranges::find(record.fields.rbegin(), record.fields.rend(), name, &RecordField::name);
  return found == record.fields.rend() ? nullptr : &*found;
}

std::string no_field(const Record& record, std::string_view name) {
  constexpr std::size_t kMost = 8;
  const std::size_t count = record.fields.size();
  std::string list = count == 0 ? "no fields" : "";
  for (std::size_t i = 0; i < std::min(count, kMost); ++i) {
    list += concat(i > 0 ? ", " : "", quoted(record.fields[i].name));
  }
  return concat("no field ", quoted(name), "; it has ", list, count > kMost ? ", ..." : "");
}

std::string id_text(const Record& record) { return text_of_json(record.id_json()); }

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
    const bool is_hiding = c == U'.' && characters == 0;
    append_utf8(safe, acts(c) || is_hiding || c == U'/' || c == U'\\' ? U'_' : c);
  }
  return safe.empty() ? "_" : safe;
}

}  // namespace convbert
