// Models that are part of the program.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/model_files.h"

namespace convbert {

// The first is the default.
std::vector<std::string_view> embedded_model_names();
std::optional<ModelFiles> embedded_model(std::string_view name);

}  // namespace convbert
