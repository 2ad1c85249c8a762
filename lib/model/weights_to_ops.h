// Bound weights as the operations that run them.
#pragma once

#include "core/tensor.h"
#include "model/weights.h"
#include "nn/linear.h"
#include "nn/row_ops.h"

namespace convbert {

// All elements, row-major, widened.
FloatBuffer widen(const Weight& weight);

struct LinearFusion {
  nn::Activation activation = nn::Activation::identity;
  bool accumulate = false;
};
nn::Linear make_linear(const LinearWeights& weights, LinearFusion fusion = {});
nn::GroupedLinear make_grouped_linear(const LinearWeights& weights, LinearFusion fusion = {});
// One layer for several that read the same input: the outputs lie side by side.
nn::Linear make_joined_linear(const std::vector<const LinearWeights*>& parts);
nn::LayerNorm make_norm(const NormWeights& weights, float epsilon);

}  // namespace convbert
