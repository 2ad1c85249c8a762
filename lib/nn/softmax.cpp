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

}  // namespace convbert::nn
