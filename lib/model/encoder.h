// The encoder of ConvBERT, BERT and ELECTRA.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/batch.h"
#include "core/tensor.h"
#include "core/workspace.h"
#include "model/config.h"
#include "model/embedding_table.h"
#include "model/encoder_layers.h"
#include "model/weights.h"
#include "nn/depthwise_conv.h"
#include "nn/dynamic_conv.h"
#include "nn/elementwise.h"
#include "nn/layer_norm.h"
#include "nn/linear.h"
#include "nn/self_attention.h"
#include "nn/softmax.h"

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
  // Whether it wants the weights of attention in this layer (from 0): they are copied for it.
  virtual bool wants_attention(std::int64_t /*layer*/) const { return false; }
  // Of one sequence in such a layer, after the softmax.
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

// Const after construction; threads may share it, each with a Workspace of its own. The result of
// a sequence depends on that sequence alone, to the last bit.
class Encoder {
 public:
  // `weights` must be bound; the checkpoint behind them must outlive the encoder.
  Encoder(const ModelConfig& config, const EncoderWeights& weights,
          const EncoderOptions& options = {});

  const ModelConfig& config() const { return config_; }

  // What runs where: the parts of a layer, and oneDNN's primitive and kernel for each here.
  struct Operation {
    std::string part;
    std::string kernel;
  };
  std::vector<Operation> operations() const;

  // Hidden states after `layers` layers (0: the embeddings' output; config().layers: the model's).
  // hidden: [batch.tokens(), hidden_size].
  // Throws Error(input) for an id or a length that the model has no embedding for.
  void forward(const Batch& batch, std::int64_t layers, const nn::PaddedRows& hidden,
               Workspace& workspace, EncoderObserver* observer = nullptr) const;

 private:
  // What all parts of one pass share.
  struct Pass {
    const Batch& batch;
    Workspace& workspace;
    EncoderObserver* observer;

    void done(EncoderPart part) const {
      if (observer != nullptr) observer->on_part(part);
    }
  };

  void embed(const Pass& pass, const nn::PaddedRows& hidden) const;
  void run_layer(const Pass& pass, std::int64_t index, const nn::PaddedRows& hidden) const;
  void mixed_attention(const Pass& pass, std::int64_t index, const nn::PaddedRows& hidden,
                       MatrixView context) const;
  void self_attention(const Pass& pass, std::int64_t index,
                      std::span<const nn::PaddedRows> projected, MatrixView context) const;
  void convolve(const Pass& pass, std::int64_t index, const nn::PaddedRows& hidden,
                std::span<const nn::PaddedRows> projected, MatrixView context) const;
  nn::PaddedRows kernel_logits(const Pass& pass, const LayerConvolution& layer,
                               const nn::PaddedRows& hidden, const nn::PaddedRows& query) const;

  // Operations without weights: one serves all layers.
  struct SharedConvolution {
    nn::DepthwiseConv depthwise;
    nn::ElementwiseProduct gate;
    nn::GroupSoftmax softmax;
    nn::DynamicConv dynamic;
  };

  ModelConfig config_;
  EmbeddingTable words_;
  EmbeddingTable positions_;
  EmbeddingTable types_;
  std::function<void()> check_tables_;
  nn::LayerNorm embedding_norm_;
  std::optional<nn::Linear> embedding_projection_;
  nn::SelfAttention attention_;
  std::optional<SharedConvolution> convolution_;
  std::vector<EncoderLayer> layers_;
};

}  // namespace convbert
