// What a student makes of texts before it learns.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/batch.h"
#include "run/loaded_model.h"

namespace convbert::app {

// Its vectors, of length 1, of the sequences that `chosen` names, [chosen.size(), hidden_size].
// The same on any number of threads.
std::vector<float> student_directions(const LoadedModel& student, const Batch& sequences,
                                      std::span<const std::size_t> chosen, int threads);

}  // namespace convbert::app
