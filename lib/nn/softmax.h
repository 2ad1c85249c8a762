// Softmax over groups of columns, of the generated kernels (paper, equation 4), and over whole
// rows, of a vocabulary.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/tensor.h"
#include "core/workspace.h"
#include "nn/padded_rows.h"

namespace convbert::nn {

// y = softmax(x) over each run of `width` neighbours in a row, by oneDNN's softmax. Const after
// construction; threads may share it.
class GroupSoftmax {
 public:
  GroupSoftmax(std::int64_t groups, std::int64_t width);
  GroupSoftmax(GroupSoftmax&&) noexcept;
  GroupSoftmax& operator=(GroupSoftmax&&) noexcept;
  ~GroupSoftmax();

  std::string kernel() const;  // oneDNN's

  // x: [rows, groups * width]; in place.
  void forward(const PaddedRows& x, Workspace& workspace) const;

  // dx = y * (dy - sum(y * dy)) over each run, by oneDNN's softmax_backward. y: what forward()
  // gave; dy becomes dx in place.
  void backward(const PaddedRows& y, const PaddedRows& dy, Workspace& workspace) const;

 private:
  struct Kernels;
  std::unique_ptr<const Kernels> kernels_;
};

// y = softmax(x) over a whole row, by oneDNN's softmax, a row at a time: of rows so wide that no
// more of them fit the cache. Const after construction; threads may share it.
class RowSoftmax {
 public:
  explicit RowSoftmax(std::int64_t width);
  RowSoftmax(RowSoftmax&&) noexcept;
  RowSoftmax& operator=(RowSoftmax&&) noexcept;
  ~RowSoftmax();

  // x, y: [rows, width]; y may be x.
  void forward(ConstMatrixView x, MatrixView y, Workspace& workspace) const;

 private:
  struct Kernels;
  std::unique_ptr<const Kernels> kernels_;
};

}  // namespace convbert::nn
