// Bound weights as the operations that run them.
#pragma once

#include "core/tensor.h"
#include "model/weights.h"
#include "nn/feed_forward.h"
#include "nn/layer_norm.h"
#include "nn/linear.h"

namespace convbert {

// All elements of a weight, row-major, as floats: in place where it is stored so, else widened.
// The checkpoint must outlive it.
class WeightFloats {
 public:
  explicit WeightFloats(const StoredWeight& weight);
  std::span<const float> span() const { return floats_; }

 private:
  FloatBuffer widened_;
  std::span<const float> floats_;
};

struct LinearFusion {
  nn::Activation activation = nn::Activation::identity;
  bool accumulate = false;
  nn::Precision precision = nn::Precision::f32;
};
nn::Linear make_linear(const LinearWeights& weights, LinearFusion fusion = {});
// Of linear layers that read the same input.
nn::Projections make_projections(const std::vector<const LinearWeights*>& parts,
                                 nn::Precision precision);
// fusion.activation is that between the two.
nn::FeedForward make_feed_forward(const LinearWeights& intermediate, const LinearWeights& output,
                                  LinearFusion fusion);
nn::LayerNorm make_norm(const NormWeights& weights, float epsilon);

}  // namespace convbert
