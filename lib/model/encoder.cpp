#include "model/encoder.h"

#include <algorithm>
#include <functional>

#include "core/error.h"
#include "model/check_batch.h"
#include "model/weights_to_ops.h"
#include "nn/compute.h"
#include "nn/row_loops.h"

namespace convbert {
namespace {

// The order of a layer's projections.
enum Projection : std::size_t { kQuery, kKey, kValue, kConvolutionValue };

}  // namespace

Encoder::Encoder(const ModelConfig& config, const EncoderWeights& weights,
                 const EncoderOptions& options)
    : config_(config),
      words_(weights.words),
      positions_(weights.positions),
      types_(weights.types),
      check_tables_(options.check_tables),
      embedding_norm_(make_norm(weights.embedding_norm, config.layer_norm_epsilon)),
      attention_(config.attention_heads, config.head_size, options.precision) {
  const nn::ComputeScope scope;
  if (weights.embedding_projection) {
    embedding_projection_ = make_linear(*weights.embedding_projection);
  }
  if (config.convolution) {
    const std::int64_t kernel = config.convolution->kernel_size;
    convolution_ = SharedConvolution{.depthwise = nn::DepthwiseConv(config.hidden_size, kernel),
                                     .gate = nn::ElementwiseProduct(config.attention_width()),
                                     .softmax = nn::GroupSoftmax(config.attention_heads, kernel),
                                     .dynamic = {config.attention_heads, config.head_size, kernel}};
  }
  layers_ = pack_layers(config, weights.layers, convolution_ ? &convolution_->depthwise : nullptr,
                        options);
}

std::vector<Encoder::Operation> Encoder::operations() const {
  const nn::ComputeScope scope;
  const EncoderLayer& layer = layers_.front();
  const auto attention = attention_.kernels();
  std::vector<Operation> operations{
      {"linear layers", layer.attention_output.kernel()},
      {"queries times keys", attention.scores},
      {"softmax of attention", attention.softmax},
      {"weights times values", attention.mix},
  };
  if (layer.convolution) {
    const LayerConvolution& convolution = *layer.convolution;
    if (convolution.span) {
      operations.push_back({"depthwise convolution", convolution_->depthwise.kernel()});
      operations.push_back({"pointwise convolution", convolution.span->pointwise.kernel()});
      operations.push_back({"span key times query", convolution_->gate.kernel()});
    }
    if (convolution.kernel) operations.push_back({"kernels", convolution.kernel->kernel()});
    operations.push_back({"softmax of kernels", convolution_->softmax.kernel()});
    operations.push_back(
        {"values mixed by kernels", "a loop: each position has a kernel of its own"});
  }
  operations.push_back({"feed forward", layer.feed_forward.kernel()});
  operations.push_back({"activation", layer.feed_forward.activation_kernel()});
  operations.push_back({"norms", layer.output_norm.kernel()});
  return operations;
}

void Encoder::forward(const Batch& batch, std::int64_t layers, const nn::PaddedRows& hidden,
                      Workspace& workspace, EncoderObserver* observer) const {
  if (layers < 0 || layers > config_.layers) {
    throw Error(ErrorKind::usage, concat("layer ", layers, ": expected 0 to ", config_.layers));
  }
  check_batch(batch, {words_.entries(), types_.entries(), config_.max_positions});
  if (hidden.rows != batch.tokens() || hidden.columns != config_.hidden_size ||
      hidden.stride != hidden.columns) {
    throw Error(ErrorKind::internal,
                concat("Encoder: expected hidden states [", batch.tokens(), ", ",
                       config_.hidden_size, "], found [", hidden.rows, ", ", hidden.columns, "]"));
  }
  const nn::ComputeScope scope;
  const Pass pass{batch, workspace, observer};
  embed(pass, hidden);
  pass.done(EncoderPart::embeddings);
  if (observer != nullptr) observer->on_hidden(0, hidden);
  for (std::int64_t index = 0; index < layers; ++index) {
    run_layer(pass, index, hidden);
    if (observer != nullptr) observer->on_hidden(index + 1, hidden);
  }
}

// LayerNorm(word + position + type), projected where embeddings are narrower than the model.
void Encoder::embed(const Pass& pass, const nn::PaddedRows& hidden) const {
  const Workspace::Frame frame(pass.workspace);
  const std::int64_t width = config_.embedding_size;
  const nn::PaddedRows embedded = config_.has_embedding_projection()
                                      ? nn::allocate_rows(pass.workspace, hidden.rows, width)
                                      : hidden;
  const std::span<float> part(pass.workspace.floats(static_cast<std::size_t>(width)),
                              static_cast<std::size_t>(width));
  for (std::int64_t s = 0; s < pass.batch.sequences(); ++s) {
    for (std::int64_t position = 0; position < pass.batch.length(s); ++position) {
      const std::int64_t token = pass.batch.start(s) + position;
      const auto index = static_cast<std::size_t>(token);
      words_.copy_row(pass.batch.ids[index], embedded.row_span(token));
      positions_.copy_row(position, part);
      nn::add_in_place(embedded.row(token), part.data(), width);
      types_.copy_row(pass.batch.type_ids[index], part);
      nn::add_in_place(embedded.row(token), part.data(), width);
    }
  }
  if (check_tables_) check_tables_();
  embedding_norm_.forward(embedded, embedded, pass.workspace);
  if (embedding_projection_) embedding_projection_->forward(embedded, hidden, pass.workspace);
}

// One post-LayerNorm layer (paper, figure 3). The residual is added by the linear layer before
// each norm.
void Encoder::run_layer(const Pass& pass, std::int64_t index, const nn::PaddedRows& hidden) const {
  const EncoderLayer& layer = layers_[static_cast<std::size_t>(index)];
  Workspace& workspace = pass.workspace;
  {
    const Workspace::Frame frame(workspace);
    const nn::PaddedRows context = nn::allocate_rows(workspace, hidden.rows, config_.hidden_size);
    mixed_attention(pass, index, hidden, context);
    layer.attention_output.forward(context, hidden, workspace);
    layer.attention_norm.forward(hidden, hidden, workspace);
  }
  pass.done(EncoderPart::attention_output);
  layer.feed_forward.forward(hidden, hidden, workspace);
  layer.output_norm.forward(hidden, hidden, workspace);
  pass.done(EncoderPart::feed_forward);
}

// context = [self-attention | convolution] (paper, section 3.3), or
// self-attention alone in the ancestors.
void Encoder::mixed_attention(const Pass& pass, std::int64_t index, const nn::PaddedRows& hidden,
                              MatrixView context) const {
  const EncoderLayer& layer = layers_[static_cast<std::size_t>(index)];
  const std::int64_t width = config_.attention_width();
  const Workspace::Frame frame(pass.workspace);
  std::vector<nn::PaddedRows> projected;
  for (std::int64_t i = 0; i < layer.projections.count(); ++i) {
    projected.push_back(nn::allocate_rows(pass.workspace, hidden.rows, width));
  }
  layer.projections.forward(hidden, projected, pass.workspace);
  pass.done(EncoderPart::projections);

  if (pass.observer != nullptr) {
    const MatrixView none{};
    pass.observer->on_values(
        index,
        {projected[kValue], layer.convolution ? MatrixView(projected[kConvolutionValue]) : none,
         layer.attention_output});
  }
  self_attention(pass, index, projected, context.column_range(0, width));
  pass.done(EncoderPart::self_attention);
  if (layer.convolution) {
    convolve(pass, index, hidden, projected, context.column_range(width, width));
    pass.done(EncoderPart::span_convolution);
  }
}

// Each sequence by itself.
void Encoder::self_attention(const Pass& pass, std::int64_t index,
                             std::span<const nn::PaddedRows> projected, MatrixView context) const {
  for (const std::int64_t s : pass.batch.by_length()) {
    std::function<void(const nn::AttentionView&)> observe;
    if (pass.observer != nullptr && pass.observer->wants_attention(index)) {
      observe = [&](const nn::AttentionView& attention) {
        pass.observer->on_attention(index, s, attention);
      };
    }
    attention_.forward(rows_of(projected[kQuery], pass.batch, s),
                       rows_of(projected[kKey], pass.batch, s),
                       rows_of(projected[kValue], pass.batch, s), rows_of(context, pass.batch, s),
                       pass.workspace, observe);
  }
}

// The values of each token's neighbours, mixed by its kernels (paper, equation 4).
void Encoder::convolve(const Pass& pass, std::int64_t index, const nn::PaddedRows& hidden,
                       std::span<const nn::PaddedRows> projected, MatrixView context) const {
  const LayerConvolution& layer = *layers_[static_cast<std::size_t>(index)].convolution;
  const Workspace::Frame frame(pass.workspace);
  const nn::PaddedRows kernels = kernel_logits(pass, layer, hidden, projected[kQuery]);
  convolution_->softmax.forward(kernels, pass.workspace);
  if (pass.observer != nullptr) pass.observer->on_kernels(index, kernels);
  convolution_->dynamic.forward(pass.batch, kernels, projected[kConvolutionValue], context);
}

// W_f (separable_convolution(hidden) * query) (paper, equation 3), or W_f query, or the layer's
// own.
nn::PaddedRows Encoder::kernel_logits(const Pass& pass, const LayerConvolution& layer,
                                      const nn::PaddedRows& hidden,
                                      const nn::PaddedRows& query) const {
  Workspace& workspace = pass.workspace;
  const std::int64_t taps = config_.attention_heads * config_.convolution->kernel_size;
  const nn::PaddedRows kernels = nn::allocate_rows(workspace, hidden.rows, taps);
  if (!layer.kernel) {
    for (std::int64_t row = 0; row < kernels.rows; ++row) {
      std::ranges::copy(layer.filters, kernels.row(row));
    }
    return kernels;
  }
  if (!layer.span) {
    layer.kernel->forward(query, kernels, workspace);
    return kernels;
  }
  const nn::PaddedRows span = nn::allocate_rows(workspace, hidden.rows, hidden.columns);
  const nn::PaddedRows key = nn::allocate_rows(workspace, hidden.rows, query.columns);
  convolution_->depthwise.forward(*layer.span->depthwise, pass.batch, hidden, span, workspace);
  layer.span->pointwise.forward(span, key, workspace);
  convolution_->gate.forward(key, query, key, workspace);
  layer.kernel->forward(key, kernels, workspace);
  return kernels;
}

}  // namespace convbert
