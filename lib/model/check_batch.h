// Whether a model can take a batch.
#pragma once

#include <cstdint>

#include "core/batch.h"

namespace convbert {

// What a model has embeddings for.
struct EmbeddedRange {
  std::int64_t words;
  std::int64_t types;
  std::int64_t positions;
};

// Throws Error(internal) for a batch whose parts do not fit together, Error(input) for an id, a
// type or a length that the model has no embedding for.
void check_batch(const Batch& batch, const EmbeddedRange& embedded);

}  // namespace convbert
