// JSON in a model's files.
#pragma once

#include <string>

#include "core/json.h"
#include "core/model_files.h"

namespace convbert {

// Throws as ModelFiles::parsed() and parse_json(), naming the file.
inline Json read_json(const ModelFiles& files, const std::string& name) {
  return files.parsed(name,
                      [&](std::string_view text) { return parse_json(text, files.path_of(name)); });
}

}  // namespace convbert
