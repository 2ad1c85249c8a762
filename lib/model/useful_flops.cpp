#include "model/useful_flops.h"

#include "model/weights.h"

namespace convbert {

std::int64_t useful_flops(const ModelConfig& config, std::int64_t n) {
  const std::int64_t h = config.hidden_size;
  const std::int64_t a = config.attention_width();
  std::int64_t layer = 6 * n * h * a + 4 * n * n * a + 2 * n * h * h +
                       4 * n * h * config.intermediate_size / config.groups;
  if (config.convolution) {
    const std::int64_t k = config.convolution->kernel_size;
    const ConvolutionKind kind = config.convolution->kind;
    layer += 2 * n * h * a + 2 * n * a * k;  // the value, and its mixing
    if (kind != ConvolutionKind::lightweight) layer += 2 * n * a * config.attention_heads * k;
    if (kind == ConvolutionKind::span) layer += 2 * n * h * k + 2 * n * h * a;
  }
  const std::int64_t projection =
      config.has_embedding_projection() ? 2 * n * config.embedding_size * h : 0;
  return projection + config.layers * layer;
}

std::int64_t useful_head_flops(const HeadForm& head, const ModelConfig& config,
                               std::int64_t outputs, std::int64_t rows) {
  std::int64_t flops = 0;
  const auto add = [&](const LinearWeights& layer) {
    flops += 2 * rows * layer.weight.shape[0] * layer.weight.shape[1];
  };
  const HeadWeights layout = head_layout(head, config, outputs);
  if (layout.dense) add(*layout.dense);
  add(layout.output);
  return flops;
}

std::int64_t useful_flops(const ModelConfig& config, std::span<const std::int64_t> lengths) {
  std::int64_t flops = 0;
  for (const std::int64_t length : lengths) flops += useful_flops(config, length);
  return flops;
}

}  // namespace convbert
