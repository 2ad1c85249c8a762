// Operations of oneDNN that work row by row.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "core/tensor.h"
#include "core/workspace.h"

namespace convbert::nn {

// y = (x - mean(x)) / sqrt(variance(x) + epsilon) * scale + shift over each row, in place.
class LayerNorm {
 public:
  // scale, shift: one float a column, copied.
  LayerNorm(std::span<const float> scale, std::span<const float> shift, float epsilon);
  LayerNorm(LayerNorm&&) noexcept;
  LayerNorm& operator=(LayerNorm&&) noexcept;
  ~LayerNorm();

  // x: dense, from allocate_rows().
  void forward(MatrixView x, Workspace& workspace) const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

// softmax over each run of `width` neighbouring values of a row, in place: a row of kernels
// [heads, width].
class GroupSoftmax {
 public:
  GroupSoftmax(std::int64_t columns, std::int64_t width);
  GroupSoftmax(GroupSoftmax&&) noexcept;
  GroupSoftmax& operator=(GroupSoftmax&&) noexcept;
  ~GroupSoftmax();

  // x: [rows, columns], dense, from allocate_rows().
  void forward(MatrixView x, Workspace& workspace) const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

}  // namespace convbert::nn
