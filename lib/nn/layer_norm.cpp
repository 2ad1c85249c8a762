#include "nn/layer_norm.h"

#include <algorithm>
#include <vector>

#include "nn/checks.h"
#include "nn/onednn_backward.h"
#include "nn/row_loops.h"
#include "nn/row_primitives.h"

namespace convbert::nn {

struct LayerNorm::Kernels {
  std::vector<float> scale;
  std::vector<float> shift;
  float epsilon;

  std::int64_t columns() const { return static_cast<std::int64_t>(scale.size()); }
  dnnl::memory::desc rows_desc(std::int64_t rows) const {
    return float_desc({rows, columns()}, FormatTag::ab);
  }
  dnnl::layer_normalization_forward::primitive_desc describe(std::int64_t rows) const {
    return layer_norm_desc(rows_desc(rows), epsilon);
  }

  RowPrimitives<dnnl::layer_normalization_forward> primitives;
  RowPrimitives<dnnl::layer_normalization_forward> training;
  RowPrimitives<dnnl::layer_normalization_backward> backward;
};

RowStatistics allocate_statistics(Workspace& workspace, std::int64_t rows) {
  const auto padded = static_cast<std::size_t>(padded_rows(rows));
  return {workspace.floats(padded), workspace.floats(padded)};
}

LayerNorm::LayerNorm(std::span<const float> scale, std::span<const float> shift, float epsilon)
    : kernels_(new Kernels{.scale = {scale.begin(), scale.end()},
                           .shift = {shift.begin(), shift.end()},
                           .epsilon = epsilon,
                           .primitives = {},
                           .training = {},
                           .backward = {}}) {
  if (scale.size() != shift.size()) {
    throw Error(ErrorKind::internal, "LayerNorm: scale and shift differ in length");
  }
}

LayerNorm::LayerNorm(LayerNorm&&) noexcept = default;
LayerNorm& LayerNorm::operator=(LayerNorm&&) noexcept = default;
LayerNorm::~LayerNorm() = default;

void LayerNorm::repack(std::span<const float> scale, std::span<const float> shift) {
  if (scale.size() != kernels_->scale.size() || shift.size() != kernels_->shift.size()) {
    throw Error(ErrorKind::internal, "LayerNorm: another scale or shift differs in length");
  }
  std::ranges::copy(scale, kernels_->scale.begin());
  std::ranges::copy(shift, kernels_->shift.begin());
}

std::string LayerNorm::kernel() const { return name_of_kernel(kernels_->describe(kSomeRows)); }

void LayerNorm::forward(const PaddedRows& x, const PaddedRows& y, Workspace& workspace) const {
  const Kernels& kernels = *kernels_;
  expect_dense("LayerNorm, x", x, x.rows, kernels.columns());
  expect_dense("LayerNorm, y", y, x.rows, kernels.columns());
  kernels.primitives.for_each_tile(
      x.rows, [&](std::int64_t rows) { return kernels.describe(rows); },
      [&](const AnyPrimitive& primitive, std::int64_t first) {
        primitive.execute({{DNNL_ARG_SRC, x.row(first)},
                           {DNNL_ARG_SCALE, kernels.scale.data()},
                           {DNNL_ARG_SHIFT, kernels.shift.data()},
                           {DNNL_ARG_DST, y.row(first)}},
                          workspace);
      });
}

void LayerNorm::forward(const PaddedRows& x, const PaddedRows& y, const RowStatistics& statistics,
                        Workspace& workspace) const {
  const Kernels& kernels = *kernels_;
  expect_dense("LayerNorm, x", x, x.rows, kernels.columns());
  expect_dense("LayerNorm, y", y, x.rows, kernels.columns());
  clear_padding(x);  // backward() sums over whole tiles
  kernels.training.for_each_tile(
      x.rows,
      [&](std::int64_t rows) {
        return layer_norm_training_desc(kernels.rows_desc(rows), kernels.epsilon);
      },
      [&](const AnyPrimitive& primitive, std::int64_t first) {
        primitive.execute({{DNNL_ARG_SRC, x.row(first)},
                           {DNNL_ARG_SCALE, kernels.scale.data()},
                           {DNNL_ARG_SHIFT, kernels.shift.data()},
                           {DNNL_ARG_MEAN, statistics.mean + first},
                           {DNNL_ARG_VARIANCE, statistics.variance + first},
                           {DNNL_ARG_DST, y.row(first)}},
                          workspace);
      });
  // Without an epsilon, a row of zeros has no finite norm, not even times zero.
  const std::int64_t padded = padded_rows(x.rows);
  std::fill(statistics.variance + x.rows, statistics.variance + padded, 1.0f);
}

void LayerNorm::backward(const PaddedRows& x, const RowStatistics& statistics, const PaddedRows& dy,
                         const PaddedRows& dx, const Gradients& gradients,
                         Workspace& workspace) const {
  const Kernels& kernels = *kernels_;
  const std::int64_t columns = kernels.columns();
  expect_dense("LayerNorm's gradient, x", x, dy.rows, columns);
  expect_dense("LayerNorm's gradient, dy", dy, dy.rows, columns);
  expect_dense("LayerNorm's gradient, dx", dx, dy.rows, columns);
  const Workspace::Frame frame(workspace);
  float* scale = workspace.floats(static_cast<std::size_t>(columns));  // of one tile
  float* shift = workspace.floats(static_cast<std::size_t>(columns));
  clear_padding(dy);
  kernels.backward.for_each_tile(
      dy.rows,
      [&](std::int64_t rows) {
        return layer_norm_backward_desc(kernels.rows_desc(rows), kernels.epsilon);
      },
      [&](const AnyPrimitive& primitive, std::int64_t first) {
        primitive.execute({{DNNL_ARG_SRC, x.row(first)},
                           {DNNL_ARG_SCALE, kernels.scale.data()},
                           {DNNL_ARG_SHIFT, kernels.shift.data()},
                           {DNNL_ARG_MEAN, statistics.mean + first},
                           {DNNL_ARG_VARIANCE, statistics.variance + first},
                           {DNNL_ARG_DIFF_DST, dy.row(first)},
                           {DNNL_ARG_DIFF_SRC, dx.row(first)},
                           {DNNL_ARG_DIFF_SCALE, scale},
                           {DNNL_ARG_DIFF_SHIFT, shift}},
                          workspace);
        add_in_place(gradients.scale.data(), scale, columns);
        add_in_place(gradients.shift.data(), shift, columns);
      });
}

}  // namespace convbert::nn
