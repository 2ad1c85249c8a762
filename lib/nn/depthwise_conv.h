// Depthwise convolution over the tokens of packed sequences.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/batch.h"
#include "core/tensor.h"

namespace convbert::nn {

// y[t, c] = sum_j weight[c, j] x[t + j - kernel / 2, c], positions outside t's sequence counting as
// zero. One filter a channel, no bias, odd kernel. Const after construction.
//
// A loop of ours: oneDNN's depthwise kernels want each sequence between rows of zeros, and copying
// it there and back costs more than the convolution.
class DepthwiseConv {
 public:
  // weight: [channels, kernel], copied.
  DepthwiseConv(std::span<const float> weight, std::int64_t channels, std::int64_t kernel);

  // x, y: [tokens, channels], any strides; they must not overlap.
  void forward(const Batch& batch, ConstMatrixView x, MatrixView y) const;

 private:
  std::int64_t channels_;
  std::int64_t kernel_;
  std::vector<float> taps_;  // [kernel, channels]
};

}  // namespace convbert::nn
