// Scaled dot-product attention within one sequence.
#pragma once

#include <cstdint>
#include <functional>

#include "core/tensor.h"
#include "core/workspace.h"

namespace convbert::nn {

// Attention probabilities of one sequence: heads matrices of [length, length] floats, element
// (h, i, j) at data[(h * stride + i) * stride + j]: what query i gives key j.
struct AttentionView {
  const float* data;
  std::int64_t heads;
  std::int64_t length;
  std::int64_t stride;
};

// context_h = softmax(Q_h K_h^T / sqrt(head_size)) V_h for each head h.
//
// A few queries at a time, from scores to context, so that probabilities never leave the cache. A
// loop of ours: a chain of oneDNN primitives wants heads gathered, lengths padded and whole
// [length, length] matrices in memory, and short sequences pay its calls. Threads may share it.
class SelfAttention {
 public:
  SelfAttention(std::int64_t heads, std::int64_t head_size);

  // query, key, value, context: [length, heads * head_size], any stride.
  // `probabilities`, where given, sees the weights before the call returns.
  void forward(ConstMatrixView query, ConstMatrixView key, ConstMatrixView value,
               MatrixView context, Workspace& workspace,
               const std::function<void(const AttentionView&)>& probabilities = {}) const;

 private:
  std::int64_t heads_;
  std::int64_t head_size_;
};

}  // namespace convbert::nn
