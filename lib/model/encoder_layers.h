// The layers of an encoder: what computes them, packed from bound weights.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "model/config.h"
#include "model/weights.h"
#include "nn/depthwise_conv.h"
#include "nn/feed_forward.h"
#include "nn/layer_norm.h"
#include "nn/linear.h"
#include "nn/precision.h"

namespace convbert {

// The convolution half of a ConvBERT layer (paper, figure 2), by the parts that its kind has: see
// BasicConvolutionWeights.
struct SpanKey {
  std::shared_ptr<const nn::DepthwiseConv::Filters> depthwise;
  nn::Linear pointwise;
};
struct LayerConvolution {
  std::optional<SpanKey> span;
  std::optional<nn::Linear> kernel;
  std::vector<float> filters;  // before the softmax; none where each token has its own
};

struct EncoderLayer {
  nn::Projections projections;  // query, key, value and, with a convolution, its value
  std::optional<LayerConvolution> convolution;
  nn::Linear attention_output;
  nn::LayerNorm attention_norm;
  nn::FeedForward feed_forward;
  nn::LayerNorm output_norm;
};

struct EncoderOptions {
  nn::Precision precision = nn::Precision::f32;  // of the layers' matrix products
  int threads = 1;                               // that pack the weights
  // Called from these threads, one at a time, whenever a layer's weights have been packed and will
  // not be read again.
  std::function<void()> on_layer_packed{};
  // Called after every look-up of embeddings, which are read where they are stored; throws if they
  // are no longer what they were.
  std::function<void()> check_tables{};
};

// By several threads, each taking the next layer that is left. `depthwise`: the convolution that
// all layers share, or null where the model has none.
std::vector<EncoderLayer> pack_layers(const ModelConfig& config,
                                      const std::vector<LayerWeights>& weights,
                                      const nn::DepthwiseConv* depthwise,
                                      const EncoderOptions& options);

}  // namespace convbert
