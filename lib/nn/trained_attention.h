// Self-attention within one sequence and its gradient.
#pragma once

#include <cstdint>
#include <memory>

#include "core/tensor.h"
#include "core/workspace.h"
#include "nn/dropout.h"

namespace convbert::nn {

// SelfAttention (nn/self_attention.h) that keeps its probabilities P for a backward pass:
//   P_h = softmax(Q_h K_h^T / sqrt(head_size)), context_h = dropout(P_h) V_h,
// in oneDNN's matmul and softmax, the heads as the products' batch. Const after construction;
// threads may share it.
class TrainedAttention {
 public:
  TrainedAttention(std::int64_t heads, std::int64_t head_size);
  TrainedAttention(TrainedAttention&&) noexcept;
  TrainedAttention& operator=(TrainedAttention&&) noexcept;
  ~TrainedAttention();

  // [length, heads * head_size] each, dense.
  struct Inputs {
    ConstMatrixView query;
    ConstMatrixView key;
    ConstMatrixView value;
  };

  // Of the probabilities, by head, query and key; `first_row`: of this sequence's first query, the
  // row number of its first head.
  struct Dropped {
    Dropout dropout{};
    std::int64_t first_row = 0;
  };

  // probabilities: heads * length * length floats, [heads, length, length], before dropout.
  // context: [length, heads * head_size], any stride.
  void forward(const Inputs& inputs, float* probabilities, MatrixView context,
               const Dropped& dropped, Workspace& workspace) const;

  // dP_h = dropout(d context_h V_h^T), dS_h = softmax_backward(P_h, dP_h),
  // d query_h = dS_h K_h / sqrt(head_size), d key_h = dS_h^T Q_h / sqrt(head_size),
  // d value_h = dropout(P_h)^T d context_h.
  struct Gradients {
    ConstMatrixView context;  // any stride
    MatrixView query;         // dense, as all that follow
    MatrixView key;
    MatrixView value;
  };
  void backward(const Inputs& inputs, const float* probabilities, const Gradients& gradients,
                const Dropped& dropped, Workspace& workspace) const;

 private:
  struct Kernels;
  std::unique_ptr<const Kernels> kernels_;
};

}  // namespace convbert::nn
