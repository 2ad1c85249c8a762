// Depthwise convolution over the tokens of packed sequences.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/batch.h"
#include "core/tensor.h"
#include "core/workspace.h"

namespace convbert::nn {

// y[t, c] = sum_j weight[c, j] x[t + j - kernel / 2, c], positions outside t's sequence counting as
// zero. One filter a channel, no bias, odd kernel.
//
// oneDNN's convolution, as many groups as channels, once a sequence: its own zero padding is the
// sequence's end. It sees tokens as the width of an image of height 1, whose channels lie together
// ("nhwc"): oneDNN 2.6 has fast depthwise kernels for images only. Texts too short for those get
// zeros behind them. Const after construction; threads may share it; one serves all layers, each
// with filters of its own.
class DepthwiseConv {
 public:
  DepthwiseConv(std::int64_t channels, std::int64_t kernel);
  DepthwiseConv(DepthwiseConv&&) noexcept;
  DepthwiseConv& operator=(DepthwiseConv&&) noexcept;
  ~DepthwiseConv();

  std::string kernel() const;  // oneDNN's, as "convolution jit_dw:avx2"

  // Filters in the layout that the convolution reads.
  class Filters;
  // weight: [channels, kernel], copied.
  std::shared_ptr<const Filters> pack(std::span<const float> weight) const;

  // x, y: [tokens, channels], dense; they must not overlap.
  void forward(const Filters& filters, const Batch& batch, ConstMatrixView x, MatrixView y,
               Workspace& workspace) const;

  // dx[t, c] = sum_j weight[c, j] dy[t - j + kernel / 2, c], by oneDNN's convolution_backward_data.
  // dy, dx: [tokens, channels], dense; they must not overlap.
  void backward(const Filters& filters, const Batch& batch, ConstMatrixView dy, MatrixView dx,
                Workspace& workspace) const;
  // gradient[c, j] += sum_t x[t + j - kernel / 2, c] dy[t, c], by its convolution_backward_weights.
  // gradient: [channels, kernel], of the weight.
  void add_filter_gradient(const Batch& batch, ConstMatrixView x, ConstMatrixView dy,
                           std::span<float> gradient, Workspace& workspace) const;

 private:
  struct Kernels;
  std::unique_ptr<const Kernels> kernels_;
};

}  // namespace convbert::nn
