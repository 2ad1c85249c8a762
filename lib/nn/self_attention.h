// Scaled dot-product attention within one sequence.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

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

// context_h = softmax(Q_h K_h^T / sqrt(head_size)) V_h for each head h, on oneDNN with the heads
// as the batch dimension. Sequences are padded to one of a few lengths, which follows from the
// sequence alone, and padding gets no weight. Threads may share it.
class SelfAttention {
 public:
  SelfAttention(std::int64_t heads, std::int64_t head_size, std::int64_t max_length);
  SelfAttention(SelfAttention&&) noexcept;
  SelfAttention& operator=(SelfAttention&&) noexcept;
  ~SelfAttention();

  // query, key, value, context: [length, heads * head_size], any stride; 1 <= length <=
  // max_length. `probabilities`, where given, sees the weights before the call returns.
  void forward(ConstMatrixView query, ConstMatrixView key, ConstMatrixView value,
               MatrixView context, Workspace& workspace,
               const std::function<void(const AttentionView&)>& probabilities = {}) const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

}  // namespace convbert::nn
