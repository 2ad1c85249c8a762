// Vectors to be searched: rows of floats, wherever they lie.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/tensor.h"
#include "io/npy_matrix.h"

namespace convbert {

// Const while it is searched; threads may share it.
class VectorRows {
 public:
  virtual ~VectorRows() = default;
  virtual std::int64_t rows() const = 0;
  virtual std::int64_t width() const = 0;
  // Rows from `first` on, as many as `into` has.
  virtual void read(std::int64_t first, MatrixView into) const = 0;
};

// In memory, row by row.
class VectorTable : public VectorRows {
 public:
  explicit VectorTable(std::int64_t width) : width_(width) {}

  // [width]
  void add(std::span<const float> vector);
  std::span<const float> row(std::int64_t index) const;

  std::int64_t rows() const override { return static_cast<std::int64_t>(values_.size()) / width_; }
  std::int64_t width() const override { return width_; }
  void read(std::int64_t first, MatrixView into) const override;

 private:
  std::int64_t width_;
  std::vector<float> values_;
};

// In a file, which may be larger than memory.
class VectorFile : public VectorRows {
 public:
  explicit VectorFile(NpyMatrix matrix) : matrix_(std::move(matrix)) {}

  std::int64_t rows() const override { return matrix_.rows(); }
  std::int64_t width() const override { return matrix_.columns(); }
  void read(std::int64_t first, MatrixView into) const override { matrix_.read(first, into); }

 private:
  NpyMatrix matrix_;
};

// Throws Error(usage) for queries, [rows, width], of another width than the corpus has.
void expect_width(ConstMatrixView queries, const VectorRows& corpus);

// Scales a vector to length 1. One without a direction becomes zeros, and the result is false: one
// that holds NaN or infinity, or whose length is zero or below the normal floats.
bool scale_to_unit(std::span<float> vector);

}  // namespace convbert
