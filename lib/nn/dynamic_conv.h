// The convolution whose kernel is generated at each position.
#pragma once

#include <cstdint>

#include "core/batch.h"
#include "core/tensor.h"

namespace convbert::nn {

// Span-based dynamic convolution (paper, section 3.2, equation 4): each position t mixes the
// values of its window with a kernel of its own, shared by the channels of a head:
//   output[t, h, :] = sum_j kernels[t, h, j] * values[t + j - kernel / 2, h, :]
// over the taps that fall inside t's sequence. oneDNN has no such primitive.
struct DynamicConv {
  std::int64_t heads;
  std::int64_t head_size;
  std::int64_t kernel;

  // kernels: [tokens, heads * kernel], softmax already taken; values and output:
  // [tokens, heads * head_size]. output must not overlap the others. Any strides.
  void forward(const Batch& batch, ConstMatrixView kernels, ConstMatrixView values,
               MatrixView output) const;

  // d kernels[t, h, j] = sum over channels of d output[t, h, :] values[t + j - kernel / 2, h, :],
  // zero at taps outside of t's sequence;
  // d values[u, h, :] = sum_j kernels[u - j + kernel / 2, h, j] d output[u - j + kernel / 2, h, :].
  struct Gradients {
    ConstMatrixView output;
    MatrixView kernels;
    MatrixView values;
  };
  // Shapes as those of forward(); gradients overlap nothing.
  void backward(const Batch& batch, ConstMatrixView kernels, ConstMatrixView values,
                const Gradients& gradients) const;
};

}  // namespace convbert::nn
