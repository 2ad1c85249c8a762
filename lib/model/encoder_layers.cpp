#include "model/encoder_layers.h"

#include <mutex>

#include "core/threads.h"
#include "model/weights_to_ops.h"
#include "nn/compute.h"

namespace convbert {
namespace {

EncoderLayer pack_layer(const ModelConfig& config, const LayerWeights& weights,
                        const nn::DepthwiseConv* depthwise, nn::Precision precision) {
  std::vector<const LinearWeights*> projections{&weights.query, &weights.key, &weights.value};
  std::optional<SpanConvolution> convolution;
  if (weights.convolution) {
    projections.push_back(&weights.convolution->value);
    convolution = SpanConvolution{
        .depthwise = depthwise->pack(WeightFloats(weights.convolution->depthwise).span()),
        .pointwise = make_linear(weights.convolution->pointwise, {.precision = precision}),
        .kernel = make_linear(weights.convolution->kernel, {.precision = precision}),
    };
  }
  return {
      .projections = make_projections(projections, precision),
      .convolution = std::move(convolution),
      .attention_output =
          make_linear(weights.attention_output, {.accumulate = true, .precision = precision}),
      .attention_norm = make_norm(weights.attention_norm, config.layer_norm_epsilon),
      .feed_forward = make_feed_forward(weights.intermediate, weights.output,
                                        {.activation = config.activation, .precision = precision}),
      .output_norm = make_norm(weights.output_norm, config.layer_norm_epsilon),
  };
}

}  // namespace

std::vector<EncoderLayer> pack_layers(const ModelConfig& config,
                                      const std::vector<LayerWeights>& weights,
                                      const nn::DepthwiseConv* depthwise,
                                      const EncoderOptions& options) {
  std::vector<std::optional<EncoderLayer>> packed(weights.size());
  std::mutex mutex;  // of on_layer_packed
  share_out(packed.size(), options.threads, [&](std::size_t index, std::size_t) {
    const nn::ComputeScope scope;
    packed[index].emplace(pack_layer(config, weights[index], depthwise, options.precision));
    const std::scoped_lock lock(mutex);
    if (options.on_layer_packed) options.on_layer_packed();
  });
  std::vector<EncoderLayer> layers;
  layers.reserve(packed.size());
  for (std::optional<EncoderLayer>& layer : packed) layers.push_back(std::move(*layer));
  return layers;
}

}  // namespace convbert
