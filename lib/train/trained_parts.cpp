#include "train/trained_parts.h"

#include <algorithm>

#include "nn/row_loops.h"

namespace convbert {

nn::Dropout dropout_at(const RandomPlace& place, std::int64_t layer, DropoutSite site, float rate) {
  return {.rate = place.drops ? rate : 0.0f,
          .key = nn::random_key({place.seed, place.step, static_cast<std::uint64_t>(layer),
                                 static_cast<std::uint64_t>(site)})};
}

nn::TrainedLinear make_trained_linear(const Values& weight, const Values& bias,
                                      nn::Precision precision) {
  // A pointwise convolution's weight has a third dimension, of 1; its bias a second.
  const Shape& shape = weight.shape;
  const bool is_grouped = shape.size() == 3 && bias.shape.size() == 1;
  if (is_grouped) {
    return nn::TrainedLinear({.in = shape[0] * shape[1],
                              .out = shape[0] * shape[2],
                              .groups = shape[0],
                              .precision = precision});
  }
  return nn::TrainedLinear({.in = shape[1], .out = shape[0], .groups = 0, .precision = precision});
}

nn::TrainedLinear make_trained_linear(const BasicLinearWeights<Values>& weights,
                                      nn::Precision precision) {
  return make_trained_linear(weights.weight, weights.bias, precision);
}

nn::LayerNorm make_trained_norm(const BasicNormWeights<Values>& weights, float epsilon) {
  return nn::LayerNorm(weights.scale.floats, weights.shift.floats, epsilon);
}

void repack(nn::TrainedLinear& op, const BasicLinearWeights<Values>& weights) {
  op.repack(weights.weight.floats, weights.bias.floats);
}

void repack(nn::LayerNorm& op, const BasicNormWeights<Values>& weights) {
  op.repack(weights.scale.floats, weights.shift.floats);
}

void add_rows(ConstMatrixView x, MatrixView y) {
  nn::add_in_place(y.data, x.data, y.rows * y.columns);
}

nn::PaddedRows allocate_zeros(Workspace& workspace, std::int64_t rows, std::int64_t columns) {
  const nn::PaddedRows matrix = nn::allocate_rows(workspace, rows, columns);
  std::fill_n(matrix.data, rows * columns, 0.0f);
  return matrix;
}

void add_gradients(const nn::TrainedLinear& op, ConstMatrixView x, ConstMatrixView dy,
                   BasicLinearWeights<Gradient>& gradients, const SliceTurns& turns,
                   Workspace& workspace) {
  turns.take(gradients.weight, [&] {
    op.add_parameter_gradients(x, dy, {gradients.weight.floats, gradients.bias.floats}, workspace);
  });
}

KeptNorm forward_norm(const nn::LayerNorm& op, const nn::PaddedRows& x, const nn::PaddedRows& y,
                      Workspace& workspace) {
  const KeptNorm kept{x, nn::allocate_statistics(workspace, x.rows)};
  op.forward(x, y, kept.statistics, workspace);
  return kept;
}

void backward_norm(const nn::LayerNorm& op, const KeptNorm& kept, const nn::PaddedRows& dy,
                   BasicNormWeights<Gradient>& gradients, const SliceTurns& turns,
                   Workspace& workspace) {
  const Workspace::Frame frame(workspace);
  const MatrixView sums = workspace.matrix(2, dy.columns);  // of this slice
  std::fill_n(sums.data, 2 * dy.columns, 0.0f);
  op.backward(kept.x, kept.statistics, dy, dy,
              {.scale = sums.row_span(0), .shift = sums.row_span(1)}, workspace);
  turns.take(gradients.scale, [&] {
    nn::add_in_place(gradients.scale.floats.data(), sums.row(0), dy.columns);
    nn::add_in_place(gradients.shift.floats.data(), sums.row(1), dy.columns);
  });
}

}  // namespace convbert
