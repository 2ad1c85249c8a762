// A matrix product of any two matrices: of gradients, scores, distances, wherever neither side
// stays the same for long. A weight that does belongs into a Linear, packed.
#pragma once

#include <memory>

#include "core/tensor.h"
#include "core/workspace.h"
#include "nn/precision.h"

namespace convbert::nn {

struct MatmulOptions {
  bool transpose_a = false;  // A^T in place of A
  bool transpose_b = false;
  bool accumulate = false;  // C += A B
};

// C = A B, by oneDNN's matmul. Keeps the primitives of the shapes that it saw last. Threads may
// share it. The order of a sum follows from the shapes and the number of threads.
class Matmul {
 public:
  // `precision`: of A and B; bf16 rounds them to bfloat16. Sums and C are float32 always. Throws
  // Error(internal) for int8.
  explicit Matmul(Precision precision = Precision::f32);
  Matmul(Matmul&&) noexcept;
  Matmul& operator=(Matmul&&) noexcept;
  ~Matmul();

  // A: [m, k] or, transposed, [k, m]; B: [k, n] or [n, k]; C: [m, n], which overlaps neither. Any
  // strides. Without k, that is, without a term, C is zero, or stays.
  void forward(ConstMatrixView a, ConstMatrixView b, MatrixView c, const MatmulOptions& options,
               Workspace& workspace) const;

 private:
  struct Kernels;
  std::unique_ptr<const Kernels> kernels_;
};

}  // namespace convbert::nn
