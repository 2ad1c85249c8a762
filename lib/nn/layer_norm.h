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

// Mean and variance of each row of a LayerNorm's argument, which its gradient needs.
struct RowStatistics {
  float* mean;
  float* variance;
};
RowStatistics allocate_statistics(Workspace& workspace, std::int64_t rows);

// y = (x - mean(x)) / sqrt(variance(x) + epsilon) * scale + shift over each row, by oneDNN's
// layer_normalization. Threads may share it while nobody replaces its weights.
class LayerNorm {
 public:
  // scale, shift: one float a column, copied.
  LayerNorm(std::span<const float> scale, std::span<const float> shift, float epsilon);
  LayerNorm(LayerNorm&&) noexcept;
  LayerNorm& operator=(LayerNorm&&) noexcept;
  ~LayerNorm();

  // Takes another scale and shift of the same length.
  void repack(std::span<const float> scale, std::span<const float> shift);

  std::string kernel() const;  // oneDNN's

  // x, y: [rows, columns]. They may be the same matrix; else x
  // stays as it is, for a backward pass.
  void forward(const PaddedRows& x, const PaddedRows& y, Workspace& workspace) const;

  // The same, for a backward pass: keeps the statistics of x, which is another matrix than y.
  void forward(const PaddedRows& x, const PaddedRows& y, const RowStatistics& statistics,
               Workspace& workspace) const;

  // What the parameters' gradients are added to: a float a column.
  struct Gradients {
    std::span<float> scale;
    std::span<float> shift;
  };
  // With n = (x - mean) / sqrt(variance + epsilon) and g = dy * scale:
  //   dx = (g - mean(g) - n mean(g n)) / sqrt(variance + epsilon),
  //   d scale += sum over rows of dy n, d shift += sum over rows of dy,
  // by oneDNN's layer_normalization_backward. dx may be dy.
  void backward(const PaddedRows& x, const RowStatistics& statistics, const PaddedRows& dy,
                const PaddedRows& dx, const Gradients& gradients, Workspace& workspace) const;

 private:
  struct Kernels;
  std::unique_ptr<Kernels> kernels_;
};

}  // namespace convbert::nn
