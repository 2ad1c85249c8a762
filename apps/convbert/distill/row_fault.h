// Rows of a teacher's matrix that say nothing.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>

#include "core/tensor.h"

namespace convbert::app {

// Why a vector has no direction, "zero" or "not finite"; "" if it has one.
inline std::string_view fault_of_row(std::span<const float> vector) {
  if (std::ranges::all_of(vector, [](float x) { return x == 0.0f; })) return "zero";
  return all_finite(vector) ? "" : "not finite";
}

}  // namespace convbert::app
