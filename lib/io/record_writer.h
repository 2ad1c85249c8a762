// Records as JSON lines: the input's fields, then the results.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/record.h"

namespace convbert {

struct RecordStyle {
  std::string id_name = "id";
  bool only_result = false;   // drop the input's fields, save the id
  std::string result_prefix;  // before the name of every result
  // Names of results, prefixed. A field of the input with one of them gives way to the result.
  std::vector<std::string> result_names;
};

// Appends {"id":0,"text":"..." : the record up to its results, without the closing brace. A record
// without an id gets its number as one, in front. `missing`: the result, prefixed, that this record
// does not have; a field of that name stays.
void begin_record(std::string& out, const Record& record, const RecordStyle& style,
                  std::string_view missing = "");

// Appends ,"name": - the value follows.
void append_result_name(std::string& out, std::string_view name, const RecordStyle& style);

// An error record up to what went wrong: {"id":0,"line":1,"error":{"kind":
void begin_error_record(std::string& out, const Record& record, const RecordStyle& style);

// The id must not be called "error":
// {"id":0,"line":1,"error":{"kind":"input","message":"..."}}
std::string error_record(const Record& record, std::string_view kind, std::string_view message,
                         const RecordStyle& style);

bool is_result(const std::string& name, const RecordStyle& style);

}  // namespace convbert
