#include "nn/feed_forward.h"

#include "core/error.h"
#include "nn/compute.h"
#include "nn/product.h"

namespace convbert::nn {

struct FeedForward::Part {
  Product intermediate;
  Activation activation;
  Product output;

  // One tile, by the intermediate layer's tiles, of one group.
  void forward(ConstMatrixView x, std::size_t tile, MatrixView y, Workspace& workspace) const {
    const Workspace::Frame frame(workspace);
    const MatrixView wide =
        workspace.matrix(padded_rows(x.rows), intermediate.out()).first_rows(x.rows);
    intermediate.multiply(intermediate.operand(x, tile, workspace), tile, wide, workspace);
    for (std::int64_t row = 0; row < wide.rows; ++row) {
      activate(activation, wide.row(row), wide.columns);
    }
    // The same tile again, but where one of the two has no batch-reduce kernel.
    output.tiles().for_each(
        wide.rows, [&](std::int64_t first, std::size_t index, std::int64_t rows) {
          output.multiply(output.operand(wide.row_range(first, rows), index, workspace), index,
                          y.row_range(first, rows), workspace);
        });
  }
};

FeedForward::FeedForward(const std::vector<Group>& groups) {
  const ComputeScope scope;
  for (const Group& group : groups) {
    LinearSpec output = group.output;
    output.accumulate = true;
    parts_.push_back({Product(group.intermediate), group.intermediate.activation, Product(output)});
    const Part& part = parts_.back();
    if (part.output.in() != part.intermediate.out()) {
      throw Error(ErrorKind::internal, "FeedForward: the two linear layers do not fit");
    }
  }
}

FeedForward::FeedForward(FeedForward&&) noexcept = default;
FeedForward& FeedForward::operator=(FeedForward&&) noexcept = default;
FeedForward::~FeedForward() = default;

void FeedForward::forward(ConstMatrixView x, MatrixView y, Workspace& workspace) const {
  const auto groups = static_cast<std::int64_t>(parts_.size());
  const Part& first_part = parts_.front();
  if (x.columns != groups * first_part.intermediate.in() ||
      y.columns != groups * first_part.output.out() || x.rows != y.rows || x.stride != x.columns ||
      y.stride != y.columns) {
    throw Error(ErrorKind::internal, "FeedForward: x or y has the wrong shape");
  }
  first_part.intermediate.tiles().for_each(
      x.rows, [&](std::int64_t first, std::size_t tile, std::int64_t rows) {
        for (std::int64_t group = 0; group < groups; ++group) {
          const Part& part = parts_[static_cast<std::size_t>(group)];
          const std::int64_t in = part.intermediate.in();
          const std::int64_t out = part.output.out();
          part.forward(x.row_range(first, rows).column_range(group * in, in), tile,
                       y.row_range(first, rows).column_range(group * out, out), workspace);
        }
      });
}

}  // namespace convbert::nn
