#include "nn/feed_forward.h"

#include "nn/checks.h"
#include "nn/compute.h"
#include "nn/elementwise.h"
#include "nn/product.h"

namespace convbert::nn {

struct FeedForward::Part {
  Product intermediate;
  ElementwiseActivation activation;
  Product output;

  RowTiles tiles;  // that a group's rows go by

  // The rows of one such tile.
  void forward(ConstMatrixView x, MatrixView y, Workspace& workspace) const {
    intermediate.leaves_operands() ? pass_operands(x, y, workspace) : pass_floats(x, y, workspace);
  }

 private:
  void pass_floats(ConstMatrixView x, MatrixView y, Workspace& workspace) const {
    const Workspace::Frame frame(workspace);
    // Rows beyond the last are garbage that nobody reads: not worth setting to zero.
    const PaddedRows wide(
        workspace.matrix(padded_rows(x.rows), intermediate.out()).first_rows(x.rows));
    intermediate.forward(x, wide, workspace);
    activation.forward(wide, wide, workspace);
    output.forward(wide, y, workspace);
  }

  // The wide rows are floats in registers only, where the first product ends.
  void pass_operands(ConstMatrixView x, MatrixView y, Workspace& workspace) const {
    tiles.for_each(x.rows, [&](std::int64_t first, std::size_t tile, std::int64_t rows) {
      const Workspace::Frame frame(workspace);
      const Operand narrow = intermediate.operand(x.row_range(first, rows), tile, workspace);
      const Operand wide = intermediate.activated(narrow, tile, workspace);
      output.multiply(wide, tile, y.row_range(first, rows), workspace);
    });
  }
};

namespace {

void go_by_common_tiles(Product& one, Product& other) {
  const RowTiles common = RowTiles::for_both(one.tiles(), other.tiles());
  if (!one.tiles().has(common) || !other.tiles().has(common)) return;
  one.keep_tiles(common);
  other.keep_tiles(common);
}

}  // namespace

FeedForward::FeedForward(const std::vector<Group>& groups) {
  const ComputeScope scope;
  for (const Group& group : groups) {
    LinearSpec to_output = group.output;
    to_output.accumulate = true;
    Product output(to_output);
    Product intermediate(group.intermediate, Product::Leaves::operands);
    if (output.in() != intermediate.out()) {
      throw Error(ErrorKind::internal, "FeedForward: the two linear layers do not fit");
    }
    go_by_common_tiles(intermediate, output);
    if (intermediate.leaves_operands() && !output.reads(intermediate)) {
      intermediate = Product(group.intermediate);
    }
    const RowTiles tiles = RowTiles::for_both(intermediate.tiles(), output.tiles());
    parts_.push_back({std::move(intermediate),
                      ElementwiseActivation(group.intermediate.activation, group.intermediate.out),
                      std::move(output), tiles});
  }
}

FeedForward::FeedForward(FeedForward&&) noexcept = default;
FeedForward& FeedForward::operator=(FeedForward&&) noexcept = default;
FeedForward::~FeedForward() = default;

std::string FeedForward::kernel() const { return parts_.front().intermediate.kernel(); }
std::string FeedForward::activation_kernel() const {
  const Part& part = parts_.front();
  return part.intermediate.leaves_operands() ? "the end of the product before it"
                                             : part.activation.kernel();
}

void FeedForward::forward(const PaddedRows& x, const PaddedRows& y, Workspace& workspace) const {
  const auto groups = static_cast<std::int64_t>(parts_.size());
  const std::int64_t in = parts_.front().intermediate.in();
  const std::int64_t out = parts_.front().output.out();
  expect_dense("FeedForward, x", x, x.rows, groups * in);
  expect_dense("FeedForward, y", y, x.rows, groups * out);
  parts_.front().tiles.for_each(x.rows, [&](std::int64_t first, std::size_t, std::int64_t rows) {
    for (std::int64_t group = 0; group < groups; ++group) {
      parts_[static_cast<std::size_t>(group)].forward(
          x.row_range(first, rows).column_range(group * in, in),
          y.row_range(first, rows).column_range(group * out, out), workspace);
    }
  });
}

}  // namespace convbert::nn
