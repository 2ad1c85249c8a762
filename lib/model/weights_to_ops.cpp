#include "model/weights_to_ops.h"

namespace convbert {

FloatBuffer widen(const Weight& weight) {
  FloatBuffer buffer(static_cast<std::size_t>(weight.stored->elements()));
  weight.stored->copy_to(buffer.span());
  return buffer;
}

nn::Linear make_linear(const LinearWeights& weights, LinearFusion fusion) {
  const FloatBuffer weight = widen(weights.weight);
  const FloatBuffer bias = widen(weights.bias);
  return nn::Linear({.in = weights.weight.shape[1],
                     .out = weights.weight.shape[0],
                     .weight = weight.span(),
                     .layout = nn::WeightLayout::out_in,
                     .bias = bias.span(),
                     .activation = fusion.activation,
                     .accumulate = fusion.accumulate});
}

nn::GroupedLinear make_grouped_linear(const LinearWeights& weights, LinearFusion fusion) {
  const Shape& shape = weights.weight.shape;
  const bool grouped = shape.size() == 3;
  const std::int64_t groups = grouped ? shape[0] : 1;
  const FloatBuffer weight = widen(weights.weight);
  const FloatBuffer bias = widen(weights.bias);
  return nn::GroupedLinear({.in = grouped ? groups * shape[1] : shape[1],
                            .out = grouped ? groups * shape[2] : shape[0],
                            .weight = weight.span(),
                            .layout = grouped ? nn::WeightLayout::in_out : nn::WeightLayout::out_in,
                            .bias = bias.span(),
                            .activation = fusion.activation,
                            .accumulate = fusion.accumulate},
                           groups);
}

nn::Linear make_joined_linear(const std::vector<const LinearWeights*>& parts) {
  const std::int64_t in = parts.front()->weight.shape[1];
  std::int64_t out = 0;
  for (const LinearWeights* part : parts) out += part->weight.shape[0];
  FloatBuffer weight(static_cast<std::size_t>(in * out));
  FloatBuffer bias(static_cast<std::size_t>(out));
  std::span<float> weight_rest = weight.span();
  std::span<float> bias_rest = bias.span();
  const auto copy_next = [](const Weight& part, std::span<float>& rest) {
    const auto count = static_cast<std::size_t>(part.stored->elements());
    part.stored->copy_to(rest.first(count));
    rest = rest.subspan(count);
  };
  for (const LinearWeights* part : parts) {
    copy_next(part->weight, weight_rest);
    copy_next(part->bias, bias_rest);
  }
  return nn::Linear({.in = in, .out = out, .weight = weight.span(), .bias = bias.span()});
}

nn::LayerNorm make_norm(const NormWeights& weights, float epsilon) {
  return nn::LayerNorm(widen(weights.scale).span(), widen(weights.shift).span(), epsilon);
}

}  // namespace convbert
