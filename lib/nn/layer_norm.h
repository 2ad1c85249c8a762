// Layer normalisation (Ba et al. 2016).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/tensor.h"
#include "core/workspace.h"
#include "nn/padded_rows.h"

namespace convbert::nn {

// y = (x - mean(x)) / sqrt(variance(x) + epsilon) * scale + shift over each row, by oneDNN's
// layer_normalization. Const after construction; threads may share it.
class LayerNorm {
 public:
  // scale, shift: one float a column, copied.
  LayerNorm(std::span<const float> scale, std::span<const float> shift, float epsilon);
  LayerNorm(LayerNorm&&) noexcept;
  LayerNorm& operator=(LayerNorm&&) noexcept;
  ~LayerNorm();

  std::string kernel() const;  // oneDNN's

  // x, y: [rows, columns]. They may be the same matrix; else x
  // stays as it is, for a backward pass.
  void forward(const PaddedRows& x, const PaddedRows& y, Workspace& workspace) const;

 private:
  struct Kernels;
  std::unique_ptr<const Kernels> kernels_;
};

}  // namespace convbert::nn
