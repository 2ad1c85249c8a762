// Linear layers whose weight changes from step to step, and their gradients.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/tensor.h"
#include "core/workspace.h"
#include "nn/matmul.h"
#include "nn/padded_rows.h"
#include "nn/precision.h"

namespace convbert::nn {

class Product;

struct TrainedLinearSpec {
  std::int64_t in = 0;
  std::int64_t out = 0;
  // 0: the weight is [out, in]. Else the features of x and y are cut into so many equal slices,
  // each with a layer of its own, and the weight is [groups, in / groups, out / groups], as
  // ConvBERT's grouped layers store it (paper, section 3.3).
  std::int64_t groups = 0;
  Precision precision = Precision::f32;  // of both sides of each product
};

// y = x W + b. Its weights are packed twice, for x and for dy. Threads may share it while nobody
// repacks it. A row of y or dx depends on that row of x or dy alone, to the last bit.
class TrainedLinear {
 public:
  explicit TrainedLinear(const TrainedLinearSpec& spec);
  TrainedLinear(TrainedLinear&&) noexcept;
  TrainedLinear& operator=(TrainedLinear&&) noexcept;
  ~TrainedLinear();

  std::int64_t in() const { return spec_.in; }
  std::int64_t out() const { return spec_.out; }

  // Before the first pass, and whenever the weights have changed. Copied.
  void repack(std::span<const float> weight, std::span<const float> bias);

  // x: [rows, in], y: [rows, out], dense; they must not overlap.
  void forward(const PaddedRows& x, const PaddedRows& y, Workspace& workspace) const;

  // dx += dy W^T
  void add_input_gradient(const PaddedRows& dy, const PaddedRows& dx, Workspace& workspace) const;

  // The parameters' gradients, in their own shapes: weight += x^T dy, bias += sum over rows of dy.
  struct Gradients {
    std::span<float> weight;
    std::span<float> bias;
  };
  void add_parameter_gradients(ConstMatrixView x, ConstMatrixView dy, const Gradients& gradients,
                               Workspace& workspace) const;

 private:
  std::int64_t parts() const { return spec_.groups == 0 ? 1 : spec_.groups; }

  TrainedLinearSpec spec_;
  std::vector<Product> forward_;  // one a group
  std::vector<Product> backward_;
  Matmul matmul_;
};

}  // namespace convbert::nn
