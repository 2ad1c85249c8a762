// From what a user calls a model to its files.
#pragma once

#include <string>
#include <vector>

#include "api/open_model.h"
#include "core/model_files.h"

namespace convbert::app {

// `name` is a checkpoint directory, an embedded model, or a name in the local Hugging Face cache
// ("org/model"), looked for in that order; "" is CONVBERT_MODEL, else the embedded default.
// Throws Error(usage) naming `flag`, which the name came from, and saying where it looked and what
// is there.
ModelFiles find_model(const std::string& name, const std::string& flag = "--model");

// Names of the models that are part of the program, the default first.
std::vector<std::string> embedded_models();

ModelSource open_model_source(const std::string& name, const std::string& flag = "--model");

}  // namespace convbert::app
