// Forward: the equations of Encoder (model/encoder.cpp), which it must agree with, and what they
// leave behind. The way back is in encoder_backward.cpp.
#include "train/trained_encoder.h"

#include <algorithm>

#include "core/threads.h"
#include "model/check_batch.h"
#include "nn/compute.h"
#include "nn/row_loops.h"

namespace convbert {
namespace {

const float* row_of(const TableOf<Values>& table, std::int64_t index) {
  return table.floats.data() + index * table.shape[1];
}

TrainedConvolution make_convolution(const BasicConvolutionWeights<Values>& weights,
                                    nn::Precision precision) {
  TrainedConvolution convolution{.span = {},
                                 .kernel = {},
                                 .filters = {},
                                 .value = make_trained_linear(weights.value, precision)};
  if (weights.span) {
    convolution.span = TrainedSpan{
        .depthwise = nullptr, .pointwise = make_trained_linear(weights.span->pointwise, precision)};
  }
  if (weights.kernel) convolution.kernel = make_trained_linear(*weights.kernel, precision);
  return convolution;
}

TrainedLayer make_layer(const BasicLayerWeights<Values>& weights, float epsilon,
                        nn::Precision precision) {
  std::optional<TrainedConvolution> convolution;
  if (weights.convolution) convolution = make_convolution(*weights.convolution, precision);
  return {.query = make_trained_linear(weights.query, precision),
          .key = make_trained_linear(weights.key, precision),
          .value = make_trained_linear(weights.value, precision),
          .convolution = std::move(convolution),
          .attention_output = make_trained_linear(weights.attention_output, precision),
          .attention_norm = make_trained_norm(weights.attention_norm, epsilon),
          .intermediate = make_trained_linear(weights.intermediate, precision),
          .output = make_trained_linear(weights.output, precision),
          .output_norm = make_trained_norm(weights.output_norm, epsilon)};
}

void repack(TrainedConvolution& convolution, const BasicConvolutionWeights<Values>& weights,
            const nn::DepthwiseConv* depthwise) {
  if (weights.span) {
    convolution.span->depthwise = depthwise->pack(weights.span->depthwise.floats);
    repack(convolution.span->pointwise, weights.span->pointwise);
  }
  if (weights.kernel) repack(*convolution.kernel, *weights.kernel);
  if (weights.filters) convolution.filters = weights.filters->floats;
  repack(convolution.value, weights.value);
}

void repack_layer(TrainedLayer& layer, const BasicLayerWeights<Values>& weights,
                  const nn::DepthwiseConv* depthwise) {
  repack(layer.query, weights.query);
  repack(layer.key, weights.key);
  repack(layer.value, weights.value);
  if (weights.convolution) repack(*layer.convolution, *weights.convolution, depthwise);
  repack(layer.attention_output, weights.attention_output);
  repack(layer.attention_norm, weights.attention_norm);
  repack(layer.intermediate, weights.intermediate);
  repack(layer.output, weights.output);
  repack(layer.output_norm, weights.output_norm);
}

// y = op(x) in rows of their own.
nn::PaddedRows apply(const nn::TrainedLinear& op, const nn::PaddedRows& x, Workspace& workspace) {
  const nn::PaddedRows y = nn::allocate_rows(workspace, x.rows, op.out());
  op.forward(x, y, workspace);
  return y;
}

}  // namespace

TrainedEncoder::TrainedEncoder(const ModelConfig& config,
                               const BasicEncoderWeights<Values>& weights,
                               const DropoutRates& rates, nn::Precision precision)
    : config_(config),
      rates_(rates),
      embedding_norm_(make_trained_norm(weights.embedding_norm, config.layer_norm_epsilon)),
      attention_(config.attention_heads, config.head_size),
      activation_(config.activation, config.intermediate_size) {
  const nn::ComputeScope scope;
  if (weights.embedding_projection) {
    embedding_projection_ = make_trained_linear(*weights.embedding_projection, nn::Precision::f32);
  }
  if (config.convolution) {
    const std::int64_t kernel = config.convolution->kernel_size;
    convolution_ = SharedConvolution{.depthwise = nn::DepthwiseConv(config.hidden_size, kernel),
                                     .gate = nn::ElementwiseProduct(config.attention_width()),
                                     .softmax = nn::GroupSoftmax(config.attention_heads, kernel),
                                     .dynamic = {config.attention_heads, config.head_size, kernel}};
  }
  for (const auto& layer : weights.layers) {
    layers_.push_back(make_layer(layer, config.layer_norm_epsilon, precision));
  }
}

void TrainedEncoder::repack(const BasicEncoderWeights<Values>& weights, int threads) {
  weights_ = &weights;
  convbert::repack(embedding_norm_, weights.embedding_norm);
  if (embedding_projection_)
    convbert::repack(*embedding_projection_, *weights.embedding_projection);
  const nn::DepthwiseConv* depthwise = convolution_ ? &convolution_->depthwise : nullptr;
  share_out(layers_.size(), threads, [&](std::size_t index, std::size_t) {
    const nn::ComputeScope scope;
    repack_layer(layers_[index], weights.layers[index], depthwise);
  });
}

nn::Dropout TrainedEncoder::dropout(const SlicePass& pass, std::int64_t layer,
                                    DropoutSite site) const {
  return dropout_at(pass.place, layer, site, rates_.hidden);
}

KeptEncoding TrainedEncoder::forward(const SlicePass& pass) const {
  if (weights_ == nullptr) throw Error(ErrorKind::internal, "TrainedEncoder: not packed yet");
  check_batch(pass.batch,
              {weights_->words.shape[0], weights_->types.shape[0], config_.max_positions});
  const nn::ComputeScope scope;
  KeptEncoding kept;
  embed(pass, kept);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    kept.layers.push_back(
        forward_layer({pass, static_cast<std::int64_t>(i), layers_[i]}, kept.hidden));
    kept.hidden = kept.layers.back().output;
  }
  return kept;
}

// dropout(LayerNorm(word + position + type)), projected where embeddings are narrower than the
// model.
void TrainedEncoder::embed(const SlicePass& pass, KeptEncoding& kept) const {
  const std::int64_t width = config_.embedding_size;
  const nn::PaddedRows sum = nn::allocate_rows(pass.workspace, pass.batch.tokens(), width);
  for (std::int64_t s = 0; s < pass.batch.sequences(); ++s) {
    for (std::int64_t position = 0; position < pass.batch.length(s); ++position) {
      const std::int64_t token = pass.batch.start(s) + position;
      const auto index = static_cast<std::size_t>(token);
      std::copy_n(row_of(weights_->words, pass.batch.ids[index]), width, sum.row(token));
      nn::add_in_place(sum.row(token), row_of(weights_->positions, position), width);
      nn::add_in_place(sum.row(token), row_of(weights_->types, pass.batch.type_ids[index]), width);
    }
  }
  kept.embedded = nn::allocate_rows(pass.workspace, sum.rows, width);
  kept.embedding_norm = forward_norm(embedding_norm_, sum, kept.embedded, pass.workspace);
  const nn::Dropout dropped = dropout(pass, 0, DropoutSite::embeddings);
  if (dropped.is_active()) dropped.apply(kept.embedded, kept.embedded, pass.first_token);
  kept.hidden = embedding_projection_ ? apply(*embedding_projection_, kept.embedded, pass.workspace)
                                      : kept.embedded;
}

// One post-LayerNorm layer (paper, figure 3).
KeptLayer TrainedEncoder::forward_layer(const Layer& layer, const nn::PaddedRows& input) const {
  Workspace& workspace = layer.pass.workspace;
  KeptLayer kept;
  kept.input = input;
  kept.query = apply(layer.op.query, input, workspace);
  kept.key = apply(layer.op.key, input, workspace);
  kept.value = apply(layer.op.value, input, workspace);
  kept.context = nn::allocate_rows(workspace, input.rows, config_.hidden_size);
  attend(layer, kept);
  if (convolution_) convolve(layer, kept);
  const nn::PaddedRows attended = apply(layer.op.attention_output, kept.context, workspace);
  kept.attended =
      add_and_norm(layer, DropoutSite::attention_output, attended, input, kept.attention_norm);
  kept.intermediate = apply(layer.op.intermediate, kept.attended, workspace);
  kept.activated = nn::allocate_rows(workspace, input.rows, kept.intermediate.columns);
  activation_.forward(kept.intermediate, kept.activated, workspace);
  const nn::PaddedRows fed = apply(layer.op.output, kept.activated, workspace);
  kept.output =
      add_and_norm(layer, DropoutSite::feed_forward, fed, kept.attended, kept.output_norm);
  return kept;
}

// LayerNorm(dropout(sum) + residual); the sum is taken in place.
nn::PaddedRows TrainedEncoder::add_and_norm(const Layer& layer, DropoutSite site,
                                            const nn::PaddedRows& sum,
                                            const nn::PaddedRows& residual, KeptNorm& kept) const {
  const nn::Dropout dropped = dropout(layer.pass, layer.index, site);
  if (dropped.is_active()) dropped.apply(sum, sum, layer.pass.first_token);
  add_rows(residual, sum);
  const nn::PaddedRows y = nn::allocate_rows(layer.pass.workspace, sum.rows, sum.columns);
  const bool is_attention = site == DropoutSite::attention_output;
  kept = forward_norm(is_attention ? layer.op.attention_norm : layer.op.output_norm, sum, y,
                      layer.pass.workspace);
  return y;
}

// Each sequence by itself.
void TrainedEncoder::attend(const Layer& layer, KeptLayer& kept) const {
  const SlicePass& pass = layer.pass;
  const MatrixView context = kept.context.column_range(0, config_.attention_width());
  for (std::int64_t s = 0; s < pass.batch.sequences(); ++s) {
    const std::int64_t length = pass.batch.length(s);
    kept.probabilities.push_back(
        pass.workspace.floats(static_cast<std::size_t>(config_.attention_heads * length * length)));
  }
  for (const std::int64_t s : pass.batch.by_length()) {
    attention_.forward({rows_of(MatrixView(kept.query), pass.batch, s),
                        rows_of(MatrixView(kept.key), pass.batch, s),
                        rows_of(MatrixView(kept.value), pass.batch, s)},
                       kept.probabilities[static_cast<std::size_t>(s)],
                       rows_of(context, pass.batch, s), attention_dropout(layer, s),
                       pass.workspace);
  }
}

nn::TrainedAttention::Dropped TrainedEncoder::attention_dropout(const Layer& layer,
                                                                std::int64_t sequence) const {
  const std::int64_t first = layer.pass.first_token + layer.pass.batch.start(sequence);
  return {dropout_at(layer.pass.place, layer.index, DropoutSite::attention, rates_.attention),
          first * config_.attention_heads};
}

// The values of each token's neighbours, mixed by its kernels (paper, equation 4).
void TrainedEncoder::convolve(const Layer& layer, KeptLayer& kept) const {
  const std::int64_t width = config_.attention_width();
  KeptConvolution& convolution = kept.convolution.emplace();
  convolution.value = apply(layer.op.convolution->value, kept.input, layer.pass.workspace);
  convolution.kernels = kernel_logits(layer, kept, convolution);
  convolution_->softmax.forward(convolution.kernels, layer.pass.workspace);
  convolution_->dynamic.forward(layer.pass.batch, convolution.kernels, convolution.value,
                                kept.context.column_range(width, width));
}

// W_f (separable_convolution(hidden) * query) (paper, equation 3), or W_f query, or the layer's
// own.
nn::PaddedRows TrainedEncoder::kernel_logits(const Layer& layer, const KeptLayer& kept,
                                             KeptConvolution& convolution) const {
  const TrainedConvolution& op = *layer.op.convolution;
  Workspace& workspace = layer.pass.workspace;
  const std::int64_t rows = kept.input.rows;
  if (!op.kernel) {
    const nn::PaddedRows logits = nn::allocate_rows(workspace, rows, std::ssize(op.filters));
    for (std::int64_t row = 0; row < rows; ++row) std::ranges::copy(op.filters, logits.row(row));
    return logits;
  }
  convolution.features = kept.query;
  if (op.span) {
    convolution.span = nn::allocate_rows(workspace, rows, kept.input.columns);
    convolution_->depthwise.forward(*op.span->depthwise, layer.pass.batch, kept.input,
                                    convolution.span, workspace);
    convolution.key = apply(op.span->pointwise, convolution.span, workspace);
    convolution.features = nn::allocate_rows(workspace, rows, kept.query.columns);
    convolution_->gate.forward(convolution.key, kept.query, convolution.features, workspace);
  }
  return apply(*op.kernel, convolution.features, workspace);
}

}  // namespace convbert
