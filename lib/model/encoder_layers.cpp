#include "model/encoder_layers.h"

#include <mutex>

#include "core/threads.h"
#include "model/weights_to_ops.h"
#include "nn/compute.h"

namespace convbert {
namespace {

LayerConvolution pack_convolution(const ConvolutionWeights& weights,
                                  const nn::DepthwiseConv* depthwise, nn::Precision precision) {
  LayerConvolution convolution;
  if (weights.span) {
    convolution.span =
        SpanKey{.depthwise = depthwise->pack(WeightFloats(weights.span->depthwise).span()),
                .pointwise = make_linear(weights.span->pointwise, {.precision = precision})};
  }
  if (weights.kernel) convolution.kernel = make_linear(*weights.kernel, {.precision = precision});
  if (weights.filters) {
    const WeightFloats filters(*weights.filters);
    convolution.filters.assign(filters.span().begin(), filters.span().end());
  }
  return convolution;
}

EncoderLayer pack_layer(const ModelConfig& config, const LayerWeights& weights,
                        const nn::DepthwiseConv* depthwise, nn::Precision precision) {
  std::vector<const LinearWeights*> projections{&weights.query, &weights.key, &weights.value};
  std::optional<LayerConvolution> convolution;
  if (weights.convolution) {
    projections.push_back(&weights.convolution->value);
    convolution = pack_convolution(*weights.convolution, depthwise, precision);
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
