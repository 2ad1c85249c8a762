// Linear layers: y = activation(x W + b).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"
#include "core/workspace.h"
#include "nn/activation.h"
#include "nn/elementwise.h"
#include "nn/padded_rows.h"
#include "nn/precision.h"

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
  std::string_view name{};      // of the weight, for messages
  Activation activation = Activation::identity;
  bool accumulate = false;  // y += x W + b instead (identity only): the residual comes free
  Precision precision = Precision::f32;
};

class Product;

// One matrix product, its weight kept in the layout that oneDNN prefers, its bias or residual
// fused. Threads may share it. A row of the result depends on that row of x alone, to the last bit.
class Linear {
 public:
  explicit Linear(const LinearSpec& spec);
  Linear(Linear&&) noexcept;
  Linear& operator=(Linear&&) noexcept;
  ~Linear();

  std::int64_t in() const;
  std::int64_t out() const;

  std::string kernel() const;  // oneDNN's, as "matmul brg:avx512_core"

  // Takes another weight and bias of the same shape and layout; nobody may run it meanwhile.
  void repack(std::span<const float> weight, std::span<const float> bias);

  // x: [rows, in], y: [rows, out]. They must not overlap.
  void forward(const PaddedRows& x, const PaddedRows& y, Workspace& workspace) const;

 private:
  std::unique_ptr<Product> product_;
  ElementwiseActivation activation_;
};

// Several linear layers of one shape that read the same rows, each with a result of its own: what
// is read is rounded once for all. Otherwise as Linear.
class Projections {
 public:
  // At least one; none accumulates or has an activation.
  explicit Projections(const std::vector<LinearSpec>& specs);
  Projections(Projections&&) noexcept;
  Projections& operator=(Projections&&) noexcept;
  ~Projections();

  std::int64_t count() const;
  std::int64_t in() const;
  std::int64_t out() const;  // of each

  // x: [rows, in], y: count() times [rows, out], all apart.
  void forward(const PaddedRows& x, std::span<const PaddedRows> y, Workspace& workspace) const;

 private:
  std::vector<Product> products_;
};

}  // namespace convbert::nn
