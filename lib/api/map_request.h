// What maps a model can give.
#pragma once

#include "attention/text_maps.h"
#include "model/config.h"

namespace convbert {

// Are the maps of this type those of convolution heads, which not all models have?
bool is_of_convolution(MapType type);

// With all layers, all heads, and self-attention and kernels (of words, the maps that they make),
// where `request` leaves these open. Throws Error(usage) for what the model has not: a layer, a
// head, convolutions; for a layer or head that is named twice; and for kernels of words.
MapRequest complete_request(MapRequest request, const ModelConfig& config);

}  // namespace convbert
