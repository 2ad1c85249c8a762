#include "model/weights_to_ops.h"

#include <cstdint>

namespace convbert {
namespace {

nn::LinearSpec spec_of(const LinearWeights& weights, const WeightFloats& weight,
                       const WeightFloats& bias, LinearFusion fusion) {
  return {.in = weights.weight.shape[1],
          .out = weights.weight.shape[0],
          .weight = weight.span(),
          .layout = nn::WeightLayout::out_in,
          .bias = bias.span(),
          .name = weights.weight.name,
          .activation = fusion.activation,
          .accumulate = fusion.accumulate,
          .precision = fusion.precision};
}

// Group number `group` of a layer whose weight is [groups, in / groups, out / groups]; of one whose
// weight is a matrix, the whole.
nn::LinearSpec group_of(const LinearWeights& weights, const WeightFloats& weight,
                        const WeightFloats& bias, std::int64_t group, LinearFusion fusion) {
  const Shape& shape = weights.weight.shape;
  if (shape.size() == 2) return spec_of(weights, weight, bias, fusion);
  const auto size = static_cast<std::size_t>(shape[1] * shape[2]);
  const auto out = static_cast<std::size_t>(shape[2]);
  const auto index = static_cast<std::size_t>(group);
  return {.in = shape[1],
          .out = shape[2],
          .weight = weight.span().subspan(index * size, size),
          .layout = nn::WeightLayout::in_out,
          .bias = bias.span().subspan(index * out, out),
          .name = weights.weight.name,
          .activation = fusion.activation,
          .precision = fusion.precision};
}

}  // namespace

WeightFloats::WeightFloats(const StoredWeight& weight) {
  const StoredTensor& stored = *weight.stored;
  const auto count = static_cast<std::size_t>(stored.elements());
  const auto address = reinterpret_cast<std::uintptr_t>(stored.bytes.data());
  if (stored.dtype == DType::f32 && stored.is_contiguous() && address % alignof(float) == 0) {
    floats_ = {reinterpret_cast<const float*>(stored.bytes.data()), count};
    return;
  }
  widened_ = FloatBuffer(count);
  stored.copy_to(widened_.span());
  floats_ = widened_.span();
}

nn::Linear make_linear(const LinearWeights& weights, LinearFusion fusion) {
  const WeightFloats weight(weights.weight);
  const WeightFloats bias(weights.bias);
  return nn::Linear(spec_of(weights, weight, bias, fusion));
}

nn::Projections make_projections(const std::vector<const LinearWeights*>& parts,
                                 nn::Precision precision) {
  std::vector<WeightFloats> floats;  // a weight and its bias for each part
  floats.reserve(2 * parts.size());
  std::vector<nn::LinearSpec> specs;
  for (const LinearWeights* part : parts) {
    const WeightFloats& weight = floats.emplace_back(part->weight);
    const WeightFloats& bias = floats.emplace_back(part->bias);
    specs.push_back(spec_of(*part, weight, bias, {.precision = precision}));
  }
  return nn::Projections(specs);
}

nn::FeedForward make_feed_forward(const LinearWeights& intermediate, const LinearWeights& output,
                                  LinearFusion fusion) {
  const WeightFloats intermediate_weight(intermediate.weight);
  const WeightFloats intermediate_bias(intermediate.bias);
  const WeightFloats output_weight(output.weight);
  const WeightFloats output_bias(output.bias);
  const Shape& shape = intermediate.weight.shape;
  std::vector<nn::FeedForward::Group> groups;
  for (std::int64_t group = 0; group < (shape.size() == 3 ? shape[0] : 1); ++group) {
    groups.push_back(
        {group_of(intermediate, intermediate_weight, intermediate_bias, group, fusion),
         group_of(output, output_weight, output_bias, group, {.precision = fusion.precision})});
  }
  return nn::FeedForward(groups);
}

nn::LayerNorm make_norm(const NormWeights& weights, float epsilon) {
  return nn::LayerNorm(WeightFloats(weights.scale).span(), WeightFloats(weights.shift).span(),
                       epsilon);
}

}  // namespace convbert
