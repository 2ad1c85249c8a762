// The encoder of ConvBERT, BERT and ELECTRA.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/batch.h"
#include "core/tensor.h"
#include "core/workspace.h"
#include "model/config.h"
#include "model/weights.h"
#include "nn/depthwise_conv.h"
#include "nn/dynamic_conv.h"
#include "nn/feed_forward.h"
#include "nn/layer_norm.h"
#include "nn/linear.h"
#include "nn/self_attention.h"

namespace convbert {

// Parts of a pass, for whoever asks where its time goes. Each includes the norm that ends it.
enum class EncoderPart {
  embeddings,
  projections,
  self_attention,
  span_convolution,
  attention_output,
  feed_forward,
};

struct LayerValues {
  ConstMatrixView attention;    // [tokens, heads * head_size]
  ConstMatrixView convolution;  // the same, or no rows
  const nn::Linear& output;
};

// Sees what lies between, while a batch runs; views are good until the call returns. For attention
// export and for tests; an encoder without one does no work for it.
class EncoderObserver {
 public:
  virtual ~EncoderObserver() = default;
  // 0: the embeddings' output, n: that of layer n, as in `hidden_states`. [tokens, hidden]
  virtual void on_hidden(std::int64_t /*index*/, ConstMatrixView /*hidden*/) {}
  // Of one sequence in one layer (from 0), after the softmax.
  virtual void on_attention(std::int64_t /*layer*/, std::int64_t /*sequence*/,
                            const nn::AttentionView& /*attention*/) {}
  // Kernels of all tokens in one layer (from 0), after the softmax. [tokens, heads * kernel]
  virtual void on_kernels(std::int64_t /*layer*/, ConstMatrixView /*kernels*/) {}
  // What the heads of one layer (from 0) read, the convolution's only where there is one, and the
  // linear layer that their contexts then go through, side by side.
  virtual void on_values(std::int64_t /*layer*/, const LayerValues& /*values*/) {}
  // `part` has just been computed; parts come in their order, once a layer.
  virtual void on_part(EncoderPart /*part*/) {}
};

// A table of embeddings. The large one, of words, stays in the checkpoint's bytes and type and is
// widened row by row.
class EmbeddingTable {
 public:
  explicit EmbeddingTable(const TableWeight& weight);
  std::int64_t entries() const { return weight_.shape[0]; }
  void copy_row(std::int64_t index, std::span<float> to) const;

 private:
  TableWeight weight_;
  FloatBuffer widened_;  // only where rows cannot be read in place
};

struct EncoderOptions {
  nn::Precision precision = nn::Precision::f32;  // of the layers' matrix products
  int threads = 1;                               // that pack the weights
  // Called from these threads, one at a time, whenever a layer's weights have been packed and will
  // not be read again.
  std::function<void()> on_layer_packed{};
};

// Const after construction; threads may share it, each with a Workspace of its own. The result of
// a sequence depends on that sequence alone, to the last bit.
class Encoder {
 public:
  // `weights` must be bound; the checkpoint behind them must outlive the encoder.
  Encoder(const ModelConfig& config, const EncoderWeights& weights,
          const EncoderOptions& options = {});

  const ModelConfig& config() const { return config_; }

  // Hidden states after `layers` layers (0: the embeddings' output; config().layers: the model's).
  // hidden: [batch.tokens(), hidden_size], from nn::allocate_rows().
  // Throws Error(input) for an id or a length that the model has no embedding for.
  void forward(const Batch& batch, std::int64_t layers, MatrixView hidden, Workspace& workspace,
               EncoderObserver* observer = nullptr) const;

 private:
  // The convolution half of a ConvBERT layer.
  struct SpanConvolution {
    nn::DepthwiseConv depthwise;
    nn::Linear pointwise;
    nn::Linear kernel;
    nn::DynamicConv dynamic;
  };
  struct Layer {
    nn::Linear projections;  // [query | key | value | convolution's value]
    std::optional<SpanConvolution> convolution;
    nn::Linear attention_output;
    nn::LayerNorm attention_norm;
    nn::FeedForward feed_forward;
    nn::LayerNorm output_norm;
  };
  // What all parts of one pass share.
  struct Pass {
    const Batch& batch;
    Workspace& workspace;
    EncoderObserver* observer;

    void done(EncoderPart part) const {
      if (observer != nullptr) observer->on_part(part);
    }
  };

  static SpanConvolution make_convolution(const ModelConfig& config,
                                          const ConvolutionWeights& weights,
                                          nn::Precision precision);
  static Layer make_layer(const ModelConfig& config, const LayerWeights& weights,
                          nn::Precision precision);
  void make_layers(const std::vector<LayerWeights>& weights, const EncoderOptions& options);

  void check(const Batch& batch, std::int64_t layers) const;
  void embed(const Pass& pass, MatrixView hidden) const;
  void run_layer(const Pass& pass, std::int64_t index, MatrixView hidden) const;
  void mixed_attention(const Pass& pass, std::int64_t index, ConstMatrixView hidden,
                       MatrixView context) const;
  void span_convolution(const Pass& pass, std::int64_t index, ConstMatrixView hidden,
                        ConstMatrixView query, ConstMatrixView value, MatrixView context) const;

  ModelConfig config_;
  EmbeddingTable words_;
  EmbeddingTable positions_;
  EmbeddingTable types_;
  nn::LayerNorm embedding_norm_;
  std::optional<nn::Linear> embedding_projection_;
  nn::SelfAttention attention_;  // has no weights: one serves all layers
  std::vector<Layer> layers_;
};

}  // namespace convbert
