// The way back through trained_encoder.cpp: each function undoes the one of its name there.
#include "nn/compute.h"
#include "nn/row_loops.h"
#include "train/trained_encoder.h"

namespace convbert {
namespace {

float* row_of(TableOf<Gradient>& table, std::int64_t index, std::int64_t width) {
  return table.floats.data() + index * width;
}

// dx += dy W^T, and the gradients of W and the bias.
void undo(const nn::TrainedLinear& op, const nn::PaddedRows& x, const nn::PaddedRows& dy,
          const nn::PaddedRows& dx, BasicLinearWeights<Gradient>& gradients,
          const SliceTurns& turns, Workspace& workspace) {
  add_gradients(op, x, dy, gradients, turns, workspace);
  op.add_input_gradient(dy, dx, workspace);
}

}  // namespace

void TrainedEncoder::backward(const SlicePass& pass, const KeptEncoding& kept,
                              const nn::PaddedRows& d_hidden, const Freeze& freeze,
                              BasicEncoderWeights<Gradient>& gradients,
                              const SliceTurns& turns) const {
  const nn::ComputeScope scope;
  for (std::int64_t i = config_.layers - 1; i >= freeze.layers; --i) {
    const auto index = static_cast<std::size_t>(i);
    backward_layer({{pass, i, layers_[index]}, gradients.layers[index], turns}, kept.layers[index],
                   d_hidden);
  }
  if (!freeze.freezes_embeddings()) backward_embeddings(pass, kept, d_hidden, gradients, turns);
}

void TrainedEncoder::backward_layer(const BackwardLayer& layer, const KeptLayer& kept,
                                    const nn::PaddedRows& d) const {
  Workspace& workspace = layer.pass.workspace;
  backward_norm(layer.op.output_norm, kept.output_norm, d, layer.gradients.output_norm, layer.turns,
                workspace);
  backward_feed_forward(layer, kept, d);
  backward_norm(layer.op.attention_norm, kept.attention_norm, d, layer.gradients.attention_norm,
                layer.turns, workspace);
  backward_attention(layer, kept, d);
}

// The gradient of what dropout was applied to: `d` itself where there is none.
nn::PaddedRows TrainedEncoder::undo_dropout(const Layer& layer, DropoutSite site,
                                            const nn::PaddedRows& d) const {
  const nn::Dropout dropped = dropout(layer.pass, layer.index, site);
  if (!dropped.is_active()) return d;
  const nn::PaddedRows before = nn::allocate_rows(layer.pass.workspace, d.rows, d.columns);
  dropped.apply(d, before, layer.pass.first_token);
  return before;
}

void TrainedEncoder::backward_feed_forward(const BackwardLayer& layer, const KeptLayer& kept,
                                           const nn::PaddedRows& d) const {
  Workspace& workspace = layer.pass.workspace;
  const Workspace::Frame frame(workspace);
  const nn::PaddedRows d_fed = undo_dropout(layer, DropoutSite::feed_forward, d);
  const nn::PaddedRows d_wide = allocate_zeros(workspace, d.rows, kept.activated.columns);
  undo(layer.op.output, kept.activated, d_fed, d_wide, layer.gradients.output, layer.turns,
       workspace);
  activation_.backward(kept.intermediate, d_wide, d_wide, workspace);
  undo(layer.op.intermediate, kept.attended, d_wide, d, layer.gradients.intermediate, layer.turns,
       workspace);
}

void TrainedEncoder::backward_attention(const BackwardLayer& layer, const KeptLayer& kept,
                                        const nn::PaddedRows& d) const {
  const SlicePass& pass = layer.pass;
  Workspace& workspace = pass.workspace;
  const Workspace::Frame frame(workspace);
  const std::int64_t width = config_.attention_width();
  const nn::PaddedRows d_attended = undo_dropout(layer, DropoutSite::attention_output, d);
  const nn::PaddedRows d_context = allocate_zeros(workspace, d.rows, kept.context.columns);
  undo(layer.op.attention_output, kept.context, d_attended, d_context,
       layer.gradients.attention_output, layer.turns, workspace);

  const nn::PaddedRows d_query = nn::allocate_rows(workspace, d.rows, width);
  const nn::PaddedRows d_key = nn::allocate_rows(workspace, d.rows, width);
  const nn::PaddedRows d_value = nn::allocate_rows(workspace, d.rows, width);
  const auto of = [&](const MatrixView& matrix, std::int64_t s) {
    return rows_of(matrix, pass.batch, s);
  };
  for (const std::int64_t s : pass.batch.by_length()) {
    attention_.backward({of(kept.query, s), of(kept.key, s), of(kept.value, s)},
                        kept.probabilities[static_cast<std::size_t>(s)],
                        {.context = of(d_context.column_range(0, width), s),
                         .query = of(d_query, s),
                         .key = of(d_key, s),
                         .value = of(d_value, s)},
                        attention_dropout(layer, s), workspace);
  }
  if (convolution_) {
    backward_convolution(layer, kept, d_context.column_range(width, width), d_query, d);
  }
  undo(layer.op.value, kept.input, d_value, d, layer.gradients.value, layer.turns, workspace);
  undo(layer.op.key, kept.input, d_key, d, layer.gradients.key, layer.turns, workspace);
  undo(layer.op.query, kept.input, d_query, d, layer.gradients.query, layer.turns, workspace);
}

void TrainedEncoder::backward_convolution(const BackwardLayer& layer, const KeptLayer& kept,
                                          ConstMatrixView d_context, const nn::PaddedRows& d_query,
                                          const nn::PaddedRows& d) const {
  const KeptConvolution& convolution = *kept.convolution;
  Workspace& workspace = layer.pass.workspace;
  const Workspace::Frame frame(workspace);
  const nn::PaddedRows d_kernels =
      nn::allocate_rows(workspace, d.rows, convolution.kernels.columns);
  const nn::PaddedRows d_value = nn::allocate_rows(workspace, d.rows, convolution.value.columns);
  convolution_->dynamic.backward(layer.pass.batch, convolution.kernels, convolution.value,
                                 {d_context, d_kernels, d_value});
  undo(layer.op.convolution->value, kept.input, d_value, d, layer.gradients.convolution->value,
       layer.turns, workspace);
  convolution_->softmax.backward(convolution.kernels, d_kernels, workspace);
  backward_kernels(layer, kept, d_kernels, d_query, d);
}

void TrainedEncoder::backward_kernels(const BackwardLayer& layer, const KeptLayer& kept,
                                      const nn::PaddedRows& d_logits, const nn::PaddedRows& d_query,
                                      const nn::PaddedRows& d) const {
  const TrainedConvolution& op = *layer.op.convolution;
  const KeptConvolution& convolution = *kept.convolution;
  BasicConvolutionWeights<Gradient>& gradients = *layer.gradients.convolution;
  Workspace& workspace = layer.pass.workspace;
  if (!op.kernel) {
    layer.turns.take(*gradients.filters, [&] {
      for (std::int64_t row = 0; row < d_logits.rows; ++row) {
        nn::add_in_place(gradients.filters->floats.data(), d_logits.row(row), d_logits.columns);
      }
    });
    return;
  }
  if (!op.span) {
    undo(*op.kernel, convolution.features, d_logits, d_query, *gradients.kernel, layer.turns,
         workspace);
    return;
  }
  const nn::PaddedRows d_features = allocate_zeros(workspace, d.rows, d_query.columns);
  undo(*op.kernel, convolution.features, d_logits, d_features, *gradients.kernel, layer.turns,
       workspace);
  const nn::PaddedRows through_key = nn::allocate_rows(workspace, d.rows, d_query.columns);
  convolution_->gate.forward(d_features, convolution.key, through_key, workspace);
  add_rows(through_key, d_query);
  const nn::PaddedRows& d_key = d_features;
  convolution_->gate.forward(d_features, kept.query, d_key, workspace);
  backward_span(layer, kept, d_key, d);
}

void TrainedEncoder::backward_span(const BackwardLayer& layer, const KeptLayer& kept,
                                   const nn::PaddedRows& d_key, const nn::PaddedRows& d) const {
  const TrainedSpan& op = *layer.op.convolution->span;
  BasicSpanWeights<Gradient>& gradients = *layer.gradients.convolution->span;
  const Batch& batch = layer.pass.batch;
  Workspace& workspace = layer.pass.workspace;
  const nn::PaddedRows d_span = allocate_zeros(workspace, d.rows, d.columns);
  undo(op.pointwise, kept.convolution->span, d_key, d_span, gradients.pointwise, layer.turns,
       workspace);
  layer.turns.take(gradients.depthwise, [&] {
    convolution_->depthwise.add_filter_gradient(batch, kept.input, d_span,
                                                gradients.depthwise.floats, workspace);
  });
  const nn::PaddedRows through_span = nn::allocate_rows(workspace, d.rows, d.columns);
  convolution_->depthwise.backward(*op.depthwise, batch, d_span, through_span, workspace);
  add_rows(through_span, d);
}

// Rows of the tables in the order of the tokens.
void TrainedEncoder::backward_embeddings(const SlicePass& pass, const KeptEncoding& kept,
                                         const nn::PaddedRows& d,
                                         BasicEncoderWeights<Gradient>& gradients,
                                         const SliceTurns& turns) const {
  Workspace& workspace = pass.workspace;
  const Workspace::Frame frame(workspace);
  const std::int64_t width = config_.embedding_size;
  nn::PaddedRows d_embedded = d;
  if (embedding_projection_) {
    d_embedded = allocate_zeros(workspace, d.rows, width);
    undo(*embedding_projection_, kept.embedded, d, d_embedded, *gradients.embedding_projection,
         turns, workspace);
  }
  const nn::Dropout dropped = dropout(pass, 0, DropoutSite::embeddings);
  if (dropped.is_active()) dropped.apply(d_embedded, d_embedded, pass.first_token);
  backward_norm(embedding_norm_, kept.embedding_norm, d_embedded, gradients.embedding_norm, turns,
                workspace);
  const Batch& batch = pass.batch;
  const auto scatter = [&](TableOf<Gradient>& table, auto index_of) {
    turns.take(table, [&] {
      for (std::int64_t s = 0; s < batch.sequences(); ++s) {
        for (std::int64_t position = 0; position < batch.length(s); ++position) {
          const std::int64_t token = batch.start(s) + position;
          nn::add_in_place(
              row_of(table, index_of(static_cast<std::size_t>(token), position), width),
              d_embedded.row(token), width);
        }
      }
    });
  };
  scatter(gradients.words, [&](std::size_t token, std::int64_t) { return batch.ids[token]; });
  scatter(gradients.positions, [](std::size_t, std::int64_t position) { return position; });
  scatter(gradients.types, [&](std::size_t token, std::int64_t) { return batch.type_ids[token]; });
}

}  // namespace convbert
