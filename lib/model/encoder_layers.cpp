#include "model/encoder_layers.h"

#include <exception>
#include <mutex>
#include <thread>

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
  std::mutex mutex;
  std::size_t next = 0;
  std::exception_ptr failure;
  const auto pack = [&] {
    const nn::ComputeScope scope;
    std::unique_lock lock(mutex);
    while (next < packed.size() && !failure) {
      const std::size_t index = next++;
      lock.unlock();
      std::exception_ptr own_failure;
      try {
        packed[index].emplace(pack_layer(config, weights[index], depthwise, options.precision));
      } catch (...) {
        own_failure = std::current_exception();
      }
      lock.lock();
      if (own_failure) failure = own_failure;
      if (options.on_layer_packed) options.on_layer_packed();
    }
  };
  {
    std::vector<std::jthread> helpers;
    for (int i = 1; i < options.threads; ++i) helpers.emplace_back(pack);
    pack();
  }
  if (failure) std::rethrow_exception(failure);
  std::vector<EncoderLayer> layers;
  layers.reserve(packed.size());
  for (std::optional<EncoderLayer>& layer : packed) layers.push_back(std::move(*layer));
  return layers;
}

}  // namespace convbert
