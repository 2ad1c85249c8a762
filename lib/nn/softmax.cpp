#include "nn/softmax.h"

#include "nn/checks.h"
#include "nn/row_primitives.h"

namespace convbert::nn {

struct GroupSoftmax::Kernels {
  std::int64_t groups;
  std::int64_t width;
  RowPrimitives<dnnl::softmax_forward> primitives;
};

GroupSoftmax::GroupSoftmax(std::int64_t groups, std::int64_t width)
    : kernels_(new Kernels{.groups = groups, .width = width, .primitives = {}}) {}

GroupSoftmax::GroupSoftmax(GroupSoftmax&&) noexcept = default;
GroupSoftmax& GroupSoftmax::operator=(GroupSoftmax&&) noexcept = default;
GroupSoftmax::~GroupSoftmax() = default;

void GroupSoftmax::forward(MatrixView x, Workspace& workspace) const {
  const std::int64_t groups = kernels_->groups;
  const std::int64_t width = kernels_->width;
  expect_dense("GroupSoftmax, x", x, x.rows, groups * width);
  kernels_->primitives.for_each_tile(
      x.rows,
      [&](std::int64_t rows) {
        return softmax_desc(float_desc({rows * groups, width}, FormatTag::ab), 1);
      },
      [&](const AnyPrimitive& primitive, std::int64_t first) {
        primitive.execute({{DNNL_ARG_SRC, x.row(first)}, {DNNL_ARG_DST, x.row(first)}}, workspace);
      });
}

}  // namespace convbert::nn
