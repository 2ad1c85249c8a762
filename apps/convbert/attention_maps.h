// From a batch to the maps of its texts.
#pragma once

#include <cstdint>
#include <vector>

#include "attention/maps.h"
#include "core/batch.h"
#include "core/workspace.h"
#include "model/encoder.h"

namespace convbert::app {

// Which layers and heads, from 0, in the order asked for. Heads of the attention and of the
// convolution alike.
struct MapSelection {
  std::vector<std::int64_t> layers;
  std::vector<std::int64_t> heads;

  std::int64_t layer_count() const { return static_cast<std::int64_t>(layers.size()); }
  std::int64_t head_count() const { return static_cast<std::int64_t>(heads.size()); }
};

// Runs the encoder as far as the last layer that is selected; one entry a sequence.
std::vector<AttentionMaps> compute_maps(const Encoder& encoder, const Batch& batch,
                                        const MapSelection& selection, Workspace& workspace);

// What a text of so many tokens adds to a batch: maps grow with the square of the length, and so
// must what is in memory at a time.
std::int64_t weight_of_maps(std::int64_t tokens);

}  // namespace convbert::app
