// Operations on each element of a matrix by itself: oneDNN's eltwise and binary primitives.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/tensor.h"
#include "core/workspace.h"
#include "nn/activation.h"
#include "nn/padded_rows.h"

namespace convbert::nn {

// y = activation(x). Const after construction; threads may share it.
class ElementwiseActivation {
 public:
  ElementwiseActivation(Activation activation, std::int64_t columns);
  ElementwiseActivation(ElementwiseActivation&&) noexcept;
  ElementwiseActivation& operator=(ElementwiseActivation&&) noexcept;
  ~ElementwiseActivation();

  std::string kernel() const;  // oneDNN's; of the identity ""

  // x, y: [rows, columns]. They may be the same matrix; else x
  // stays as it is, for a backward pass.
  void forward(const PaddedRows& x, const PaddedRows& y, Workspace& workspace) const;

  // dx = dy * activation'(x), by oneDNN's eltwise_backward. x: what forward() read; dy, dx: the
  // gradients of y and x, which may be the same matrix.
  void backward(const PaddedRows& x, const PaddedRows& dy, const PaddedRows& dx,
                Workspace& workspace) const;

 private:
  struct Kernels;
  std::unique_ptr<const Kernels> kernels_;
};

// y = a * b. Const after construction; threads may share it.
class ElementwiseProduct {
 public:
  explicit ElementwiseProduct(std::int64_t columns);
  ElementwiseProduct(ElementwiseProduct&&) noexcept;
  ElementwiseProduct& operator=(ElementwiseProduct&&) noexcept;
  ~ElementwiseProduct();

  std::string kernel() const;  // oneDNN's

  // a, b, y: [rows, columns]. y may be a or b. Gradients are products, too: da = dy * b.
  void forward(const PaddedRows& a, const PaddedRows& b, const PaddedRows& y,
               Workspace& workspace) const;

 private:
  struct Kernels;
  std::unique_ptr<const Kernels> kernels_;
};

}  // namespace convbert::nn
