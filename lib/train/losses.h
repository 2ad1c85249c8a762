// What training makes small. Each gives the loss, a sum over rows that the caller weighs, and its
// gradient. Sums are taken in double precision, in the order of the rows.
#pragma once

#include <cstdint>
#include <span>

#include "core/tensor.h"

namespace convbert {

// Labels of rows that do not count, as PyTorch marks them.
inline constexpr std::int32_t kIgnored = -100;

struct CrossEntropyOptions {
  float label_smoothing = 0.0f;            // from 0; below 1
  std::span<const float> class_weights{};  // one an output; none: 1 each
};

// sum_r weights[r] l_r with, for the probabilities p = softmax(logits[r]) of C classes and y the
// label of row r,
//   l_r = -(1 - s) c_y log p_y - s / C sum_k c_k log p_k,
// as torch.nn.functional.cross_entropy with its weight and label_smoothing: PyTorch's mean has
// weights of 1 / sum_r c_y(r). Ignored rows count nothing. A label is kIgnored or below C.
// logits, gradient: [rows, C]; they may be the same matrix.
double cross_entropy(ConstMatrixView logits, std::span<const std::int32_t> labels,
                     std::span<const float> weights, const CrossEntropyOptions& options,
                     MatrixView gradient);

// sum_r weights[r] mean over outputs of
//   log(1 + exp(x)) - t x = -t log q(x) - (1 - t) log(1 - q(x)), q the logistic function.
// targets: [rows, outputs], from 0 to 1.
double binary_cross_entropy(ConstMatrixView logits, ConstMatrixView targets,
                            std::span<const float> weights, MatrixView gradient);

// sum_r weights[r] mean over outputs of (x - t)^2.
double squared_error(ConstMatrixView values, ConstMatrixView targets,
                     std::span<const float> weights, MatrixView gradient);

// Losses on pairs of vectors: rows 2 i and 2 i + 1 of `vectors` are the two of pair i, as they come
// out of the pooling. gradient: of `vectors`, another matrix.

// sum_i weights[i] (cos(a_i, b_i) - targets[i])^2 (Reimers and Gurevych 2019).
double cosine_to_value(ConstMatrixView vectors, std::span<const float> targets,
                       std::span<const float> weights, MatrixView gradient);

// mean_i -log softmax_j(cos(a_i, b_j) / temperature)_i: each other pair of the batch is a negative
// (Henderson et al. 2017, section 4.4). Sees the whole batch.
double in_batch_negatives(ConstMatrixView vectors, float temperature, MatrixView gradient);

// Losses on vectors that are to become those of another model. gradient: of `vectors`, another
// matrix.

// sum_r weights[r] (1 - cos(v_r, t_r)). targets: of the shape of `vectors`.
double cosine_to_vectors(ConstMatrixView vectors, ConstMatrixView targets,
                         std::span<const float> weights, MatrixView gradient);

// mean over i < j of (cos(v_i, v_j) - cos(t_i, t_j))^2: distances between texts, not places (Park
// et al. 2019); 0 of a single row. Sees the whole batch. targets: as many rows, of any width.
double cosines_to_cosines(ConstMatrixView vectors, ConstMatrixView targets, MatrixView gradient);

}  // namespace convbert
