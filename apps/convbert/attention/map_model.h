// A model whose maps are wanted.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "api/collect_maps.h"
#include "attention/text_maps.h"
#include "run/loaded_model.h"

namespace convbert::app {

// Const while it runs.
struct MapModel {
  std::string name;  // as a person knows it
  LoadedModel loaded;
  MapRequest request;
};

// What they were read from.
inline std::vector<std::string> files_of(std::span<const MapModel> models) {
  std::vector<std::string> files;
  for (const MapModel& model : models) {
    files.insert(files.end(), model.loaded.files.begin(), model.loaded.files.end());
  }
  return files;
}

}  // namespace convbert::app
