#include "nn/layer_norm.h"

#include <vector>

#include "nn/checks.h"
#include "nn/row_primitives.h"

namespace convbert::nn {

struct LayerNorm::Kernels {
  std::vector<float> scale;
  std::vector<float> shift;
  float epsilon;

  dnnl::layer_normalization_forward::primitive_desc describe(std::int64_t rows) const {
    const auto columns = static_cast<std::int64_t>(scale.size());
    return layer_norm_desc(float_desc({rows, columns}, FormatTag::ab), epsilon);
  }

  RowPrimitives<dnnl::layer_normalization_forward> primitives;
};

LayerNorm::LayerNorm(std::span<const float> scale, std::span<const float> shift, float epsilon)
    : kernels_(new Kernels{.scale = {scale.begin(), scale.end()},
                           .shift = {shift.begin(), shift.end()},
                           .epsilon = epsilon,
                           .primitives = {}}) {
  if (scale.size() != shift.size()) {
    throw Error(ErrorKind::internal, "LayerNorm: scale and shift differ in length");
  }
}

LayerNorm::LayerNorm(LayerNorm&&) noexcept = default;
LayerNorm& LayerNorm::operator=(LayerNorm&&) noexcept = default;
LayerNorm::~LayerNorm() = default;

std::string LayerNorm::kernel() const { return name_of_kernel(kernels_->describe(kSomeRows)); }

void LayerNorm::forward(const PaddedRows& x, const PaddedRows& y, Workspace& workspace) const {
  const Kernels& kernels = *kernels_;
  const auto columns = static_cast<std::int64_t>(kernels.scale.size());
  expect_dense("LayerNorm, x", x, x.rows, columns);
  expect_dense("LayerNorm, y", y, x.rows, columns);
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

}  // namespace convbert::nn
