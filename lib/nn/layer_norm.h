// Layer normalisation (Ba et al. 2016).
#pragma once

#include <span>
#include <vector>

#include "core/tensor.h"

namespace convbert::nn {

// y = (x - mean(x)) / sqrt(variance(x) + epsilon) * scale + shift over each row, in place.
class LayerNorm {
 public:
  // scale, shift: one float a column, copied.
  LayerNorm(std::span<const float> scale, std::span<const float> shift, float epsilon);

  void forward(MatrixView x) const;

 private:
  std::vector<float> scale_;
  std::vector<float> shift_;
  float epsilon_;
};

}  // namespace convbert::nn
