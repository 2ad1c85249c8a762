#include "nn/elementwise.h"

#include "nn/checks.h"
#include "nn/onednn_backward.h"
#include "nn/row_primitives.h"

namespace convbert::nn {

struct ElementwiseActivation::Kernels {
  Activation activation;
  std::int64_t columns;

  dnnl::eltwise_forward::primitive_desc describe(std::int64_t rows) const {
    return activation_desc(float_desc({rows, columns}, FormatTag::ab), activation);
  }

  dnnl::eltwise_backward::primitive_desc describe_backward(std::int64_t rows) const {
    return activation_backward_desc(float_desc({rows, columns}, FormatTag::ab), activation);
  }

  RowPrimitives<dnnl::eltwise_forward> primitives;
  RowPrimitives<dnnl::eltwise_backward> backward;
};

ElementwiseActivation::ElementwiseActivation(Activation activation, std::int64_t columns)
    : kernels_(new Kernels{
          .activation = activation, .columns = columns, .primitives = {}, .backward = {}}) {}

ElementwiseActivation::ElementwiseActivation(ElementwiseActivation&&) noexcept = default;
ElementwiseActivation& ElementwiseActivation::operator=(ElementwiseActivation&&) noexcept = default;
ElementwiseActivation::~ElementwiseActivation() = default;

std::string ElementwiseActivation::kernel() const {
  const bool computes = kernels_->activation != Activation::identity;
  return computes ? name_of_kernel(kernels_->describe(kSomeRows)) : "";
}

void ElementwiseActivation::forward(const PaddedRows& x, const PaddedRows& y,
                                    Workspace& workspace) const {
  expect_dense("activation, x", x, x.rows, kernels_->columns);
  expect_dense("activation, y", y, x.rows, kernels_->columns);
  if (kernels_->activation == Activation::identity) {
    if (x.data != y.data) std::copy_n(x.data, x.rows * x.columns, y.data);
    return;
  }
  kernels_->primitives.for_each_tile(
      x.rows, [&](std::int64_t rows) { return kernels_->describe(rows); },
      [&](const AnyPrimitive& primitive, std::int64_t first) {
        primitive.execute({{DNNL_ARG_SRC, x.row(first)}, {DNNL_ARG_DST, y.row(first)}}, workspace);
      });
}

void ElementwiseActivation::backward(const PaddedRows& x, const PaddedRows& dy,
                                     const PaddedRows& dx, Workspace& workspace) const {
  expect_dense("activation's gradient, x", x, dy.rows, kernels_->columns);
  expect_dense("activation's gradient, dy", dy, dy.rows, kernels_->columns);
  expect_dense("activation's gradient, dx", dx, dy.rows, kernels_->columns);
  if (kernels_->activation == Activation::identity) {
    if (dx.data != dy.data) std::copy_n(dy.data, dy.rows * dy.columns, dx.data);
    return;
  }
  kernels_->backward.for_each_tile(
      dy.rows, [&](std::int64_t rows) { return kernels_->describe_backward(rows); },
      [&](const AnyPrimitive& primitive, std::int64_t first) {
        primitive.execute({{DNNL_ARG_SRC, x.row(first)},
                           {DNNL_ARG_DIFF_DST, dy.row(first)},
                           {DNNL_ARG_DIFF_SRC, dx.row(first)}},
                          workspace);
      });
}

struct ElementwiseProduct::Kernels {
  std::int64_t columns;

  dnnl::binary::primitive_desc describe(std::int64_t rows) const {
    return multiplication_desc(float_desc({rows, columns}, FormatTag::ab));
  }

  RowPrimitives<dnnl::binary> primitives;
};

ElementwiseProduct::ElementwiseProduct(std::int64_t columns)
    : kernels_(new Kernels{.columns = columns, .primitives = {}}) {}

ElementwiseProduct::ElementwiseProduct(ElementwiseProduct&&) noexcept = default;
ElementwiseProduct& ElementwiseProduct::operator=(ElementwiseProduct&&) noexcept = default;
ElementwiseProduct::~ElementwiseProduct() = default;

std::string ElementwiseProduct::kernel() const {
  return name_of_kernel(kernels_->describe(kSomeRows));
}

void ElementwiseProduct::forward(const PaddedRows& a, const PaddedRows& b, const PaddedRows& y,
                                 Workspace& workspace) const {
  expect_dense("element-wise product, a", a, y.rows, kernels_->columns);
  expect_dense("element-wise product, b", b, y.rows, kernels_->columns);
  expect_dense("element-wise product, y", y, y.rows, kernels_->columns);
  kernels_->primitives.for_each_tile(
      y.rows, [&](std::int64_t rows) { return kernels_->describe(rows); },
      [&](const AnyPrimitive& primitive, std::int64_t first) {
        primitive.execute({{DNNL_ARG_SRC_0, a.row(first)},
                           {DNNL_ARG_SRC_1, b.row(first)},
                           {DNNL_ARG_DST, y.row(first)}},
                          workspace);
      });
}

}  // namespace convbert::nn
