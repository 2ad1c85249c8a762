// Operations that oneDNN has no primitive for: plain loops that the compiler vectorises, built for
// several instruction sets and chosen at run time (instruction_set()).
#pragma once

#include <cstdint>

#include "core/batch.h"
#include "core/tensor.h"

namespace convbert::nn {

// Span-based dynamic convolution (paper, section 3.2, equation 4): each position t mixes the
// values of its window with a kernel of its own, shared by the channels of a head:
//   output[t, h, :] = sum_j kernels[t, h, j] * values[t + j - kernel / 2, h, :]
// over the taps that fall inside t's sequence.
struct DynamicConv {
  std::int64_t heads;
  std::int64_t head_size;
  std::int64_t kernel;

  // kernels: [tokens, heads * kernel], softmax already taken; values and output:
  // [tokens, heads * head_size]. output must not overlap the others. Any strides.
  void forward(const Batch& batch, ConstMatrixView kernels, ConstMatrixView values,
               MatrixView output) const;
};

// y[t, c] *= x[t, c]. Same shape, any strides.
void multiply_in_place(MatrixView y, ConstMatrixView x);

// y[c] += x[c].
void add_in_place(float* y, const float* x, std::int64_t count);

}  // namespace convbert::nn
