#include "nn/softmax.h"

#include "nn/checks.h"
#include "nn/row_primitives.h"

namespace convbert::nn {

struct GroupSoftmax::Kernels {
  std::int64_t groups;
  std::int64_t width;

  dnnl::softmax_forward::primitive_desc describe(std::int64_t rows) const {
    return softmax_desc(float_desc({rows * groups, width}, FormatTag::ab), 1);
  }

  RowPrimitives<dnnl::softmax_forward> primitives;
};

GroupSoftmax::GroupSoftmax(std::int64_t groups, std::int64_t width)
    : kernels_(new Kernels{.groups = groups, .width = width, .primitives = {}}) {}

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

}  // namespace convbert::nn
