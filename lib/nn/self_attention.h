// Scaled dot-product attention within one sequence.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/tensor.h"
#include "core/workspace.h"
#include "nn/precision.h"

namespace convbert::nn {

// Attention probabilities of one sequence, [heads, length, length]: element (h, i, j) is what query
// i gives key j in head h.
struct AttentionView {
  const float* data;
  std::int64_t heads;
  std::int64_t length;
};

// context_h = softmax(Q_h K_h^T / sqrt(head_size)) V_h for each head h, in three oneDNN primitives:
// a matmul with the heads as its batch, a softmax in place, a matmul. Short texts are filled up
// with zeros to a length that primitives are kept for, and what they are filled up with is masked.
// Texts whose scores would leave the second-level cache go in blocks of queries; how, and so the
// order of every sum, follows from the length alone. Const after construction; threads may share
// it.
class SelfAttention {
 public:
  // `precision`: of both products; bf16 rounds queries, keys, values and weights to bfloat16, and
  // sums floats. With int8 they are floats.
  SelfAttention(std::int64_t heads, std::int64_t head_size, Precision precision = Precision::f32);
  SelfAttention(SelfAttention&&) noexcept;
  SelfAttention& operator=(SelfAttention&&) noexcept;
  ~SelfAttention();

  // oneDNN's, for a text of 64 tokens.
  struct KernelNames {
    std::string scores;
    std::string softmax;
    std::string mix;
  };
  KernelNames kernels() const;

  // query, key, value: [length, heads * head_size], dense; context: that shape, any stride.
  // `probabilities`, where given, sees the weights before the call returns: as floats, whatever the
  // precision.
  void forward(ConstMatrixView query, ConstMatrixView key, ConstMatrixView value,
               MatrixView context, Workspace& workspace,
               const std::function<void(const AttentionView&)>& probabilities = {}) const;

 private:
  struct Kernels;
  std::unique_ptr<const Kernels> kernels_;
};

}  // namespace convbert::nn
