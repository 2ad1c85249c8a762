// Depthwise convolution along the tokens of packed sequences.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "core/batch.h"
#include "core/tensor.h"
#include "core/workspace.h"

namespace convbert::nn {

// y[t, c] = sum_j x[t + j - kernel / 2, c] * weight[c, j], x counting as zero beyond the ends of
// t's own sequence (torch.nn.Conv1d with groups = channels, padding = kernel / 2, no bias).
// Runs on oneDNN's depthwise convolution over a copy of x with kernel / 2 zero rows around each
// sequence, so that one primitive serves a whole batch. Threads may share it.
class DepthwiseConv {
 public:
  // weight: [channels, kernel], copied. kernel is odd.
  DepthwiseConv(std::span<const float> weight, std::int64_t channels, std::int64_t kernel);
  DepthwiseConv(DepthwiseConv&&) noexcept;
  DepthwiseConv& operator=(DepthwiseConv&&) noexcept;
  ~DepthwiseConv();

  // x, y: [tokens of the batch, channels], dense. They must not overlap.
  void forward(const Batch& batch, ConstMatrixView x, MatrixView y, Workspace& workspace) const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

}  // namespace convbert::nn
