// Linear layers: y = activation(x W + b).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/tensor.h"
#include "core/workspace.h"
#include "nn/activation.h"

namespace convbert::nn {

enum class WeightLayout {
  out_in,  // [out, in], as torch.nn.Linear stores it
  in_out,  // [in, out], as ConvBERT's grouped linear layers store each group
};

struct LinearSpec {
  std::int64_t in = 0;
  std::int64_t out = 0;
  std::span<const float> weight;  // in * out floats, copied
  WeightLayout layout = WeightLayout::out_in;
  std::span<const float> bias;  // out floats, copied
  Activation activation = Activation::identity;
  bool accumulate = false;  // y += x W + b instead (identity only): the residual comes free
};

// One matrix product on oneDNN, its weight kept in the layout that oneDNN prefers, its bias,
// activation or residual fused. Const after construction; threads may share it. A row of the
// result depends on that row of x alone, to the last bit.
class Linear {
 public:
  explicit Linear(const LinearSpec& spec);
  Linear(Linear&&) noexcept;
  Linear& operator=(Linear&&) noexcept;
  ~Linear();

  std::int64_t in() const;
  std::int64_t out() const;

  // x: [rows, in], y: [rows, out], both dense and from allocate_rows(). They must not overlap.
  void forward(ConstMatrixView x, MatrixView y, Workspace& workspace) const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

// ConvBERT's grouped linear layer (paper, section 3.3): the input features are cut into `groups`
// equal slices, each with a weight of its own; the results lie one after another.
// With one group it is a Linear.
class GroupedLinear {
 public:
  // spec.weight holds `groups` matrices of [in / groups, out / groups] in spec.layout; in and out
  // are those of the whole layer.
  GroupedLinear(const LinearSpec& spec, std::int64_t groups);

  void forward(ConstMatrixView x, MatrixView y, Workspace& workspace) const;

 private:
  std::vector<Linear> groups_;
  bool accumulate_;
};

}  // namespace convbert::nn
