#include "nn/softmax.h"

#include "nn/checks.h"
#include "nn/onednn_backward.h"
#include "nn/row_primitives.h"

namespace convbert::nn {

struct GroupSoftmax::Kernels {
  std::int64_t groups;
  std::int64_t width;

  dnnl::softmax_forward::primitive_desc describe(std::int64_t rows) const {
    return softmax_desc(float_desc({rows * groups, width}, FormatTag::ab), 1);
  }

  dnnl::softmax_backward::primitive_desc describe_backward(std::int64_t rows) const {
    return softmax_backward_desc(float_desc({rows * groups, width}, FormatTag::ab), 1);
  }

  RowPrimitives<dnnl::softmax_forward> primitives;
  RowPrimitives<dnnl::softmax_backward> backward;
};

GroupSoftmax::GroupSoftmax(std::int64_t groups, std::int64_t width)
    : kernels_(new Kernels{.groups = groups, .width = width, .primitives = {}, .backward = {}}) {}

GroupSoftmax::GroupSoftmax(GroupSoftmax&&) noexcept = default;
GroupSoftmax& GroupSoftmax::operator=(GroupSoftmax&&) noexcept = default;
GroupSoftmax::~GroupSoftmax() = default;

std::string GroupSoftmax::kernel() const { return name_of_kernel(kernels_->describe(kSomeRows)); }

void GroupSoftmax::forward(const PaddedRows& x, Workspace& workspace) const {
  expect_dense("GroupSoftmax, x", x, x.rows, kernels_->groups * kernels_->width);
  kernels_->primitives.for_each_tile(
      x.rows, [&](std::int64_t rows) { return kernels_->describe(rows); },
      [&](const AnyPrimitive& primitive, std::int64_t first) {
        primitive.execute({{DNNL_ARG_SRC, x.row(first)}, {DNNL_ARG_DST, x.row(first)}}, workspace);
      });
}

void GroupSoftmax::backward(const PaddedRows& y, const PaddedRows& dy, Workspace& workspace) const {
  expect_dense("GroupSoftmax's gradient, y", y, dy.rows, kernels_->groups * kernels_->width);
  expect_dense("GroupSoftmax's gradient, dy", dy, dy.rows, kernels_->groups * kernels_->width);
  kernels_->backward.for_each_tile(
      dy.rows, [&](std::int64_t rows) { return kernels_->describe_backward(rows); },
      [&](const AnyPrimitive& primitive, std::int64_t first) {
        primitive.execute({{DNNL_ARG_DST, y.row(first)},
                           {DNNL_ARG_DIFF_DST, dy.row(first)},
                           {DNNL_ARG_DIFF_SRC, dy.row(first)}},
                          workspace);
      });
}

struct RowSoftmax::Kernels {
  std::int64_t width;
  PrimitiveCache<Primitive<dnnl::softmax_forward>> primitives{8};  // one a number of threads
};

RowSoftmax::RowSoftmax(std::int64_t width) : kernels_(new Kernels{.width = width}) {}

RowSoftmax::RowSoftmax(RowSoftmax&&) noexcept = default;
RowSoftmax& RowSoftmax::operator=(RowSoftmax&&) noexcept = default;
RowSoftmax::~RowSoftmax() = default;

void RowSoftmax::forward(ConstMatrixView x, MatrixView y, Workspace& workspace) const {
  const std::int64_t width = kernels_->width;
  expect_shape("RowSoftmax, x", x, y.rows, width);
  expect_shape("RowSoftmax, y", y, x.rows, width);
  const auto primitive = kernels_->primitives.get({}, [&] {
    return std::make_shared<const Primitive<dnnl::softmax_forward>>(
        softmax_desc(float_desc({1, width}, FormatTag::ab), 1));
  });
  for (std::int64_t row = 0; row < x.rows; ++row) {
    primitive->execute({{DNNL_ARG_SRC, x.row(row)}, {DNNL_ARG_DST, y.row(row)}}, workspace);
  }
}

}  // namespace convbert::nn
