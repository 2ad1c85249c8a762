// A model whose maps are wanted.
#pragma once

#include <string>

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

}  // namespace convbert::app
