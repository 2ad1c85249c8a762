// The encoder of ConvBERT, BERT and ELECTRA, forward and backward.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "model/config.h"
#include "nn/depthwise_conv.h"
#include "nn/dynamic_conv.h"
#include "nn/elementwise.h"
#include "nn/softmax.h"
#include "nn/trained_attention.h"
#include "train/trained_parts.h"

namespace convbert {

// What backward() reads again of one layer. All that a product with a weight, a norm or an
// activation has computed is kept; what dropout hides is asked for again. The input is the output
// of the layer below. [tokens, ...], packed as the batch.
struct KeptConvolution {
  nn::PaddedRows value;
  nn::PaddedRows span;      // of span-based ones: after the depthwise convolution
  nn::PaddedRows key;       // likewise: after the pointwise one
  nn::PaddedRows features;  // key * query, or the query, which kernels are made from
  nn::PaddedRows kernels;   // after the softmax
};
struct KeptLayer {
  nn::PaddedRows input;
  nn::PaddedRows query;
  nn::PaddedRows key;
  nn::PaddedRows value;
  std::vector<float*> probabilities;  // of each sequence, [heads, length, length]
  std::optional<KeptConvolution> convolution;
  nn::PaddedRows context;
  KeptNorm attention_norm;
  nn::PaddedRows attended;  // after that norm
  nn::PaddedRows intermediate;
  nn::PaddedRows activated;
  KeptNorm output_norm;
  nn::PaddedRows output;
};
struct KeptEncoding {
  KeptNorm embedding_norm;
  nn::PaddedRows embedded;  // after the norm and dropout
  std::vector<KeptLayer> layers;
  nn::PaddedRows hidden;  // the encoder's result
};

// A layer's operations. Of a convolution, the parts that its kind has (BasicConvolutionWeights).
struct TrainedSpan {
  std::shared_ptr<const nn::DepthwiseConv::Filters> depthwise;
  nn::TrainedLinear pointwise;
};
struct TrainedConvolution {
  std::optional<TrainedSpan> span;
  std::optional<nn::TrainedLinear> kernel;
  std::vector<float> filters;
  nn::TrainedLinear value;
};
struct TrainedLayer {
  nn::TrainedLinear query;
  nn::TrainedLinear key;
  nn::TrainedLinear value;
  std::optional<TrainedConvolution> convolution;
  nn::TrainedLinear attention_output;
  nn::LayerNorm attention_norm;
  nn::TrainedLinear intermediate;
  nn::TrainedLinear output;
  nn::LayerNorm output_norm;
};

// Threads may share it, each on a slice of its own, while nobody repacks it.
class TrainedEncoder {
 public:
  // Reads shapes only: repack() brings the numbers.
  TrainedEncoder(const ModelConfig& config, const BasicEncoderWeights<Values>& weights,
                 const DropoutRates& rates, nn::Precision precision);

  // Before the first pass and after each change of `weights`, which must outlive it: embeddings are
  // read where they lie.
  void repack(const BasicEncoderWeights<Values>& weights, int threads);

  // Throws Error(input) for ids and lengths that the model has no embedding for.
  KeptEncoding forward(const SlicePass& pass) const;

  // Adds the gradients of the weights, in the slice's turns, from the top down to the first layer
  // that is not frozen. d_hidden: the gradient of kept.hidden; used up.
  void backward(const SlicePass& pass, const KeptEncoding& kept, const nn::PaddedRows& d_hidden,
                const Freeze& freeze, BasicEncoderWeights<Gradient>& gradients,
                const SliceTurns& turns) const;

 private:
  // One layer of one pass.
  struct Layer {
    const SlicePass& pass;
    std::int64_t index;
    const TrainedLayer& op;
  };
  struct BackwardLayer : Layer {
    BasicLayerWeights<Gradient>& gradients;
    const SliceTurns& turns;
  };
  nn::Dropout dropout(const SlicePass& pass, std::int64_t layer, DropoutSite site) const;
  nn::TrainedAttention::Dropped attention_dropout(const Layer& layer, std::int64_t sequence) const;

  void embed(const SlicePass& pass, KeptEncoding& kept) const;
  KeptLayer forward_layer(const Layer& layer, const nn::PaddedRows& input) const;
  void attend(const Layer& layer, KeptLayer& kept) const;
  void convolve(const Layer& layer, KeptLayer& kept) const;
  nn::PaddedRows kernel_logits(const Layer& layer, const KeptLayer& kept,
                               KeptConvolution& convolution) const;
  nn::PaddedRows add_and_norm(const Layer& layer, DropoutSite site, const nn::PaddedRows& sum,
                              const nn::PaddedRows& residual, KeptNorm& kept) const;

  // Each takes the gradient of the layer's output, `d`, to that of its input, in place.
  void backward_layer(const BackwardLayer& layer, const KeptLayer& kept,
                      const nn::PaddedRows& d) const;
  void backward_feed_forward(const BackwardLayer& layer, const KeptLayer& kept,
                             const nn::PaddedRows& d) const;
  void backward_attention(const BackwardLayer& layer, const KeptLayer& kept,
                          const nn::PaddedRows& d) const;
  // d_query: its gradient so far, to which the convolution adds.
  void backward_convolution(const BackwardLayer& layer, const KeptLayer& kept,
                            ConstMatrixView d_context, const nn::PaddedRows& d_query,
                            const nn::PaddedRows& d) const;
  void backward_kernels(const BackwardLayer& layer, const KeptLayer& kept,
                        const nn::PaddedRows& d_logits, const nn::PaddedRows& d_query,
                        const nn::PaddedRows& d) const;
  void backward_span(const BackwardLayer& layer, const KeptLayer& kept, const nn::PaddedRows& d_key,
                     const nn::PaddedRows& d) const;
  nn::PaddedRows undo_dropout(const Layer& layer, DropoutSite site, const nn::PaddedRows& d) const;
  void backward_embeddings(const SlicePass& pass, const KeptEncoding& kept, const nn::PaddedRows& d,
                           BasicEncoderWeights<Gradient>& gradients, const SliceTurns& turns) const;

  // Operations without weights: one serves all layers.
  struct SharedConvolution {
    nn::DepthwiseConv depthwise;
    nn::ElementwiseProduct gate;
    nn::GroupSoftmax softmax;
    nn::DynamicConv dynamic;
  };

  ModelConfig config_;
  DropoutRates rates_;
  const BasicEncoderWeights<Values>* weights_ = nullptr;  // since the last repack()
  nn::LayerNorm embedding_norm_;
  std::optional<nn::TrainedLinear> embedding_projection_;
  nn::TrainedAttention attention_;
  nn::ElementwiseActivation activation_;
  std::optional<SharedConvolution> convolution_;
  std::vector<TrainedLayer> layers_;
};

}  // namespace convbert
