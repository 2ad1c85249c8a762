// Matrix products with a constant right side, tile by tile, in any precision. Private to lib/nn:
// Linear and FeedForward are made of it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/tensor.h"
#include "core/workspace.h"
#include "nn/linear.h"
#include "nn/precision.h"
#include "nn/row_loops.h"
#include "nn/row_tiles.h"

namespace convbert::nn {

// The left side of a tile, in the form that a product of its precision reads. Lives in the
// caller's memory and workspace.
struct Operand {
  const void* values = nullptr;          // [height, in], dense: f32, bf16, u8, or floats rounded
                                         // as these where the CPU has no kernel for them
  const RowScale* row_scales = nullptr;  // [rows], of u8
  std::int64_t rows = 0;                 // that count; those up to the tile's height do not
};

// x W + b. The weight lies packed as oneDNN's kernels want it. Threads may share it
// while nobody repacks it.
class Product {
 public:
  // spec.activation is its matter only if it is to leave operands.
  enum class Leaves { floats, operands };
  explicit Product(const LinearSpec& spec, Leaves leaves = Leaves::floats);
  // Takes another weight and bias of the same shape and layout, as training changes them.
  void repack(std::span<const float> weight, std::span<const float> bias);
  Product(Product&&) noexcept;
  Product& operator=(Product&&) noexcept;
  ~Product();

  const RowTiles& tiles() const { return tiles_; }
  // Goes by some of its tiles alone from now on.
  void keep_tiles(const RowTiles& some);
  std::int64_t in() const { return in_; }
  std::int64_t out() const { return out_; }
  std::string kernel() const;  // oneDNN's, by kind and name

  // Whether activated() is what it is for: operands were asked for, of a kind that its kernel can
  // write (bf16, where that is native). Else it leaves floats.
  bool leaves_operands() const;
  // Whether what `left` leaves can be given to this one's multiply() as it is.
  bool reads(const Product& left) const;

  // y = x W + b, or y += x W + b if the spec said `accumulate`, for any number of rows, tile by
  // tile. x, y: from allocate_rows(), or a tile's rows of such a matrix, or columns of it.
  void forward(ConstMatrixView x, MatrixView y, Workspace& workspace) const;

  // The two steps of it, for those who have more to do with a tile.
  // `x` has at most the rows of tile number `tile`; of a matrix that is dense and float already,
  // all of the tile's rows must be readable.
  Operand operand(ConstMatrixView x, std::size_t tile, Workspace& workspace) const;

  // y: x.rows rows; if it is dense, the rest of the tile's rows must be writable.
  void multiply(const Operand& x, std::size_t tile, MatrixView y, Workspace& workspace) const;

  // In place of multiply() if it leaves_operands(): activation(x W + b), rounded as the left side
  // of another product of its precision, whose `in` is this one's `out`; in `workspace`.
  Operand activated(const Operand& x, std::size_t tile, Workspace& workspace) const;

 private:
  class Kernels;  // oneDNN's side

  // y (+)= x W + b, from its sums of integers. y may be where they are.
  void finish(const Operand& x, const std::int32_t* sums, MatrixView y) const;

  std::string name_;  // of the weight, for messages
  std::int64_t in_;
  std::int64_t out_;
  WeightLayout layout_;
  Precision precision_;
  bool accumulate_;
  RowTiles tiles_;
  // Of sums of integers; else empty.
  std::vector<float> column_scales_;
  std::vector<float> column_sums_;
  std::vector<float> bias_;
  std::unique_ptr<Kernels> kernels_;
};

}  // namespace convbert::nn
