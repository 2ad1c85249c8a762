#include "model/encoder.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <thread>

#include "core/error.h"
#include "model/weights_to_ops.h"
#include "nn/compute.h"
#include "nn/row_loops.h"

namespace convbert {

EmbeddingTable::EmbeddingTable(const TableWeight& weight) : weight_(weight) {
  if (weight.stored->is_contiguous()) return;
  widened_ = FloatBuffer(static_cast<std::size_t>(weight.stored->elements()));
  weight.stored->copy_to(widened_.span());
}

void EmbeddingTable::copy_row(std::int64_t index, std::span<float> to) const {
  const auto width = to.size();
  const auto first = static_cast<std::size_t>(index) * width;
  if (widened_.size() > 0) {
    std::copy_n(widened_.data() + first, width, to.begin());
    return;
  }
  const StoredTensor& stored = *weight_.stored;
  widen_to_float(stored.dtype, stored.bytes.subspan(first * size_of(stored.dtype)), to);
}

Encoder::SpanConvolution Encoder::make_convolution(const ModelConfig& config,
                                                   const ConvolutionWeights& weights,
                                                   nn::Precision precision) {
  const std::int64_t kernel = config.convolution->kernel_size;
  return {
      .depthwise =
          nn::DepthwiseConv(WeightFloats(weights.depthwise).span(), config.hidden_size, kernel),
      .pointwise = make_linear(weights.pointwise, {.precision = precision}),
      .kernel = make_linear(weights.kernel, {.precision = precision}),
      .dynamic = {config.attention_heads, config.head_size, kernel},
  };
}

Encoder::Layer Encoder::make_layer(const ModelConfig& config, const LayerWeights& weights,
                                   nn::Precision precision) {
  std::vector<const LinearWeights*> projections{&weights.query, &weights.key, &weights.value};
  std::optional<SpanConvolution> convolution;
  if (weights.convolution) {
    projections.push_back(&weights.convolution->value);
    convolution = make_convolution(config, *weights.convolution, precision);
  }
  return {
      .projections = make_joined_linear(projections, {.precision = precision}),
      .convolution = std::move(convolution),
      .attention_output =
          make_linear(weights.attention_output, {.accumulate = true, .precision = precision}),
      .attention_norm = make_norm(weights.attention_norm, config.layer_norm_epsilon),
      .feed_forward = make_feed_forward(weights.intermediate, weights.output,
                                        {.activation = config.activation, .precision = precision}),
      .output_norm = make_norm(weights.output_norm, config.layer_norm_epsilon),
  };
}

// Layers are packed by several threads, each taking the next that is left.
void Encoder::make_layers(const std::vector<LayerWeights>& weights, const EncoderOptions& options) {
  std::vector<std::optional<Layer>> layers(weights.size());
  std::mutex mutex;
  std::size_t next = 0;
  std::exception_ptr failure;
  const auto pack = [&] {
    const nn::ComputeScope scope;
    std::unique_lock lock(mutex);
    while (next < layers.size() && !failure) {
      const std::size_t index = next++;
      lock.unlock();
      std::exception_ptr own_failure;
      try {
        layers[index].emplace(make_layer(config_, weights[index], options.precision));
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
  for (std::optional<Layer>& layer : layers) layers_.push_back(std::move(*layer));
}

Encoder::Encoder(const ModelConfig& config, const EncoderWeights& weights,
                 const EncoderOptions& options)
    : config_(config),
      words_(weights.words),
      positions_(weights.positions),
      types_(weights.types),
      embedding_norm_(make_norm(weights.embedding_norm, config.layer_norm_epsilon)),
      attention_(config.attention_heads, config.head_size) {
  const nn::ComputeScope scope;
  if (weights.embedding_projection) {
    embedding_projection_ = make_linear(*weights.embedding_projection);
  }
  make_layers(weights.layers, options);
}

void Encoder::check(const Batch& batch, std::int64_t layers) const {
  if (layers < 0 || layers > config_.layers) {
    throw Error(ErrorKind::usage, concat("layer ", layers, ": expected 0 to ", config_.layers));
  }
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
    if (batch.length(s) < 1 || batch.length(s) > config_.max_positions) {
      throw Error(ErrorKind::input,
                  concat("a sequence of ", batch.length(s), " tokens: the model takes 1 to ",
                         config_.max_positions));
    }
  }
  const auto outside = [](const std::vector<std::int32_t>& ids, std::int64_t end) {
    return std::ranges::find_if(ids, [end](std::int32_t id) { return id < 0 || id >= end; });
  };
  if (const auto id = outside(batch.ids, words_.entries()); id != batch.ids.end()) {
    throw Error(ErrorKind::input,
                concat("token id ", *id, ": the model embeds 0 to ", words_.entries() - 1));
  }
  if (const auto id = outside(batch.type_ids, types_.entries()); id != batch.type_ids.end()) {
    throw Error(ErrorKind::input, concat("token type ", *id, ": the model embeds 0 to ",
                                         types_.entries() - 1, "; it may not take pairs"));
  }
}

void Encoder::forward(const Batch& batch, std::int64_t layers, MatrixView hidden,
                      Workspace& workspace, EncoderObserver* observer) const {
  check(batch, layers);
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
void Encoder::embed(const Pass& pass, MatrixView hidden) const {
  const Workspace::Frame frame(pass.workspace);
  const std::int64_t width = config_.embedding_size;
  const MatrixView embedded = config_.has_embedding_projection()
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
  embedding_norm_.forward(embedded);
  if (embedding_projection_) embedding_projection_->forward(embedded, hidden, pass.workspace);
}

// One post-LayerNorm layer (paper, figure 3). The residual is added by the linear layer before
// each norm.
void Encoder::run_layer(const Pass& pass, std::int64_t index, MatrixView hidden) const {
  const Layer& layer = layers_[static_cast<std::size_t>(index)];
  Workspace& workspace = pass.workspace;
  {
    const Workspace::Frame frame(workspace);
    const MatrixView context = nn::allocate_rows(workspace, hidden.rows, config_.hidden_size);
    mixed_attention(pass, index, hidden, context);
    layer.attention_output.forward(context, hidden, workspace);
    layer.attention_norm.forward(hidden);
  }
  pass.done(EncoderPart::attention_output);
  layer.feed_forward.forward(hidden, hidden, workspace);
  layer.output_norm.forward(hidden);
  pass.done(EncoderPart::feed_forward);
}

// context = [self-attention | span-based dynamic convolution] (paper, section 3.3), or
// self-attention alone in the ancestors.
void Encoder::mixed_attention(const Pass& pass, std::int64_t index, ConstMatrixView hidden,
                              MatrixView context) const {
  const Layer& layer = layers_[static_cast<std::size_t>(index)];
  const std::int64_t width = config_.attention_width();
  const Workspace::Frame frame(pass.workspace);
  const MatrixView projected =
      nn::allocate_rows(pass.workspace, hidden.rows, layer.projections.out());
  layer.projections.forward(hidden, projected, pass.workspace);
  pass.done(EncoderPart::projections);

  const auto part = [&](std::int64_t number) {
    return projected.column_range(number * width, width);
  };
  if (pass.observer != nullptr) {
    const ConstMatrixView convolution = layer.convolution ? part(3) : MatrixView{};
    pass.observer->on_values(index, {part(2), convolution, layer.attention_output});
  }
  for (std::int64_t s = 0; s < pass.batch.sequences(); ++s) {
    const auto rows = [&](MatrixView matrix) {
      return MatrixView{matrix.row(pass.batch.start(s)), pass.batch.length(s), matrix.columns,
                        matrix.stride};
    };
    std::function<void(const nn::AttentionView&)> observe;
    if (pass.observer != nullptr) {
      observe = [&](const nn::AttentionView& attention) {
        pass.observer->on_attention(index, s, attention);
      };
    }
    attention_.forward(rows(part(0)), rows(part(1)), rows(part(2)),
                       rows(context.column_range(0, width)), pass.workspace, observe);
  }
  pass.done(EncoderPart::self_attention);
  if (layer.convolution) {
    span_convolution(pass, index, hidden, part(0), part(3), context.column_range(width, width));
    pass.done(EncoderPart::span_convolution);
  }
}

// kernels = softmax(W_f (separable_convolution(hidden) * query)); context = the values mixed by
// them (paper, equations 3 and 4).
void Encoder::span_convolution(const Pass& pass, std::int64_t index, ConstMatrixView hidden,
                               ConstMatrixView query, ConstMatrixView value,
                               MatrixView context) const {
  const SpanConvolution& convolution = *layers_[static_cast<std::size_t>(index)].convolution;
  Workspace& workspace = pass.workspace;
  const Workspace::Frame frame(workspace);
  const MatrixView span = nn::allocate_rows(workspace, hidden.rows, hidden.columns);
  const MatrixView span_key = nn::allocate_rows(workspace, hidden.rows, query.columns);
  const MatrixView kernels = nn::allocate_rows(workspace, hidden.rows, convolution.kernel.out());
  convolution.depthwise.forward(pass.batch, hidden, span);
  convolution.pointwise.forward(span, span_key, workspace);
  for (std::int64_t t = 0; t < span_key.rows; ++t) {
    nn::multiply_in_place(span_key.row(t), query.row(t), query.columns);
  }
  convolution.kernel.forward(span_key, kernels, workspace);
  for (std::int64_t t = 0; t < kernels.rows; ++t) {
    nn::softmax_of_groups(kernels.row(t), convolution.dynamic.kernel, kernels.columns);
  }
  if (pass.observer != nullptr) pass.observer->on_kernels(index, kernels);
  convolution.dynamic.forward(pass.batch, kernels, value, context);
}

}  // namespace convbert
