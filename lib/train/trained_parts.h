// Pieces that the trained encoder and the trained heads are made of.
#pragma once

#include <cstdint>

#include "core/batch.h"
#include "core/workspace.h"
#include "nn/dropout.h"
#include "nn/layer_norm.h"
#include "nn/padded_rows.h"
#include "nn/trained_linear.h"
#include "train/parameters.h"
#include "train/turns.h"

namespace convbert {

// Where numbers are dropped; part of the key of the random numbers, so values stay as they are.
enum class DropoutSite : std::uint64_t {
  embeddings = 0,
  attention = 1,
  attention_output = 2,
  feed_forward = 3,
  head_input = 4,
  head_output = 5,
};

struct DropoutRates {
  float hidden = 0.0f;     // of embeddings and of what a layer adds to its input
  float attention = 0.0f;  // of attention's probabilities
  float head = 0.0f;
};

// What a slice's random numbers are keyed by, beside layer, site and element.
struct RandomPlace {
  std::uint64_t seed = 0;
  std::uint64_t step = 0;
  bool drops = true;  // false: nothing is dropped, as outside of training
};
nn::Dropout dropout_at(const RandomPlace& place, std::int64_t layer, DropoutSite site, float rate);

// One slice of a batch, on its way through the model. What is kept for the backward pass lies in
// `workspace`, in the caller's frame.
struct SlicePass {
  const Batch& batch;               // the slice's own
  std::int64_t first_token = 0;     // in the whole batch
  std::int64_t first_sequence = 0;  // likewise
  RandomPlace place;
  Workspace& workspace;
};

// A layer for the weights of a checkpoint: [out, in] or, grouped, [groups, in / groups, ...].
nn::TrainedLinear make_trained_linear(const BasicLinearWeights<Values>& weights,
                                      nn::Precision precision);
// The same for a weight that lies elsewhere.
nn::TrainedLinear make_trained_linear(const Values& weight, const Values& bias,
                                      nn::Precision precision);
nn::LayerNorm make_trained_norm(const BasicNormWeights<Values>& weights, float epsilon);
void repack(nn::TrainedLinear& op, const BasicLinearWeights<Values>& weights);
void repack(nn::LayerNorm& op, const BasicNormWeights<Values>& weights);

// y += x, of one shape, dense.
void add_rows(ConstMatrixView x, MatrixView y);
// Zeros.
nn::PaddedRows allocate_zeros(Workspace& workspace, std::int64_t rows, std::int64_t columns);

// The parameters' gradients, in the slice's turn.
void add_gradients(const nn::TrainedLinear& op, ConstMatrixView x, ConstMatrixView dy,
                   BasicLinearWeights<Gradient>& gradients, const SliceTurns& turns,
                   Workspace& workspace);

// What the gradient of a norm needs of its forward pass.
struct KeptNorm {
  nn::PaddedRows x;
  nn::RowStatistics statistics{};
};
// y in place of x, which is kept.
KeptNorm forward_norm(const nn::LayerNorm& op, const nn::PaddedRows& x, const nn::PaddedRows& y,
                      Workspace& workspace);
// dy becomes dx.
void backward_norm(const nn::LayerNorm& op, const KeptNorm& kept, const nn::PaddedRows& dy,
                   BasicNormWeights<Gradient>& gradients, const SliceTurns& turns,
                   Workspace& workspace);

}  // namespace convbert
