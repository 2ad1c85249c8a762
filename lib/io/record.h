// One unit of input, and of output.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace convbert {

struct RecordField {
  std::string name;
  std::string json;        // the value, as it stood in JSON input, or as a JSON string
  bool in_quotes = false;  // of CSV
};

// A record that cannot be used has an `error`, and then neither text nor pair, and no field but its
// id.
struct Record {
  std::int64_t number = 0;              // in the whole input, from 0
  std::int64_t line = 0;                // in its file, from 1
  std::string where;                    // "reviews.jsonl:17", for messages
  std::vector<RecordField> fields;      // in the input's order
  std::optional<std::size_t> id_field;  // which of the fields is its id
  std::string text;
  std::optional<std::string> pair;
  std::string error;  // begins with `where`

  // Its id in JSON: its field's value, or its number.
  std::string id_json() const { return id_field ? fields[*id_field].json : std::to_string(number); }
};

// The field of that name, the last where there are several, as everywhere; nullptr for none.
const RecordField* find_field(const Record& record, std::string_view name);
// 'no field "label"; it has "text", "stars"', of at most eight fields.
std::string no_field(const Record& record, std::string_view name);

// The id as plain text: that of a string, else its JSON.
std::string id_text(const Record& record);
// The id as part of a file's or an array's name: '/', '\\', characters that act (core/acting.h) and
// a '.' in front, which would hide a file, become '_', it is cut to 100 characters or 200 bytes,
// and never empty.
std::string safe_id(const Record& record);

}  // namespace convbert
