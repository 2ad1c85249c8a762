// Maps of whole layers, and how attention flows through several.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "attention/maps.h"

namespace convbert {

// Which heads a layer's map is the mean of. A convolution head counts as the map that its kernels
// make: row i has the kernel of position i in a band around the diagonal. What a kernel puts beyond
// the ends of the text is in no column, so rows near the ends sum to less than one.
enum class MixedHeads { all, attention_only };

// [layers, length, length]. `maps` must hold all heads of its layers.
std::vector<float> mixed_maps(const AttentionMaps& maps, MixedHeads heads);

// Attention rollout (Abnar and Zuidema 2020, equation 1): R_l = A_l R_(l-1), R_(-1) = I, where A_l
// is half the layer's map, its rows scaled to a sum of one, and half the identity for the residual
// connection. mixed: [layers, length, length], of all layers from the first; so is the result.
std::vector<float> attention_rollout(std::span<const float> mixed, std::int64_t length);

}  // namespace convbert
