// What the tests of operations compare with, and random arguments.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "core/tensor.h"
#include "core/workspace.h"
#include "nn/activation.h"
#include "nn/compute.h"
#include "nn/padded_rows.h"

namespace convbert::nn {

class Random {
 public:
  explicit Random(unsigned seed) : generator_(seed) {}
  std::vector<float> floats(std::int64_t count) {
    std::normal_distribution<float> normal;
    std::vector<float> values(static_cast<std::size_t>(count));
    std::ranges::generate(values, [&] { return normal(generator_); });
    return values;
  }
  PaddedRows matrix(Workspace& workspace, std::int64_t rows, std::int64_t columns) {
    const PaddedRows matrix = allocate_rows(workspace, rows, columns);
    std::ranges::copy(floats(rows * columns), matrix.data);
    return matrix;
  }

 private:
  std::mt19937 generator_;
};

inline double apply(Activation activation, double x) {
  switch (activation) {
    case Activation::identity: return x;
    case Activation::gelu: return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
    case Activation::gelu_tanh:
      return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::relu: return std::max(x, 0.0);
    case Activation::silu: return x / (1 + std::exp(-x));
    case Activation::tanh: return std::tanh(x);
  }
  return NAN;
}

}  // namespace convbert::nn
