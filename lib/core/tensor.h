// Shapes, owners and views of numbers in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace convbert {

using Shape = std::vector<std::int64_t>;

std::string to_string(const Shape& shape);  // "[2, 3]"

// The product of the dimensions; nothing if one is negative or the product exceeds 2^62.
std::optional<std::int64_t> element_count(const Shape& shape);

// A row-major matrix of floats that somebody else owns; element (r, c) is data[r * stride + c].
template <class Float>
struct BasicMatrixView {
  Float* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t stride = 0;  // floats from one row to the next, at least `columns`

  Float* row(std::int64_t index) const { return data + index * stride; }
  std::span<Float> row_span(std::int64_t index) const {
    return {row(index), static_cast<std::size_t>(columns)};
  }
  BasicMatrixView row_range(std::int64_t first, std::int64_t count) const {
    return {row(first), count, columns, stride};
  }
  BasicMatrixView first_rows(std::int64_t count) const { return {data, count, columns, stride}; }
  BasicMatrixView column_range(std::int64_t first, std::int64_t count) const {
    return {data + first, rows, count, stride};
  }
  operator BasicMatrixView<const Float>() const { return {data, rows, columns, stride}; }
};
using MatrixView = BasicMatrixView<float>;
using ConstMatrixView = BasicMatrixView<const float>;

// Row by row, of one shape, any strides; they must not overlap.
void copy_rows(ConstMatrixView from, MatrixView to);

bool all_finite(std::span<const float> values);
bool all_finite(ConstMatrixView values);

// The inner product, in double precision, from the first to the last.
double dot(std::span<const float> a, std::span<const float> b);

// Owns `size` floats, aligned to a cache line. Move-only. Not initialised.
class FloatBuffer {
 public:
  FloatBuffer() = default;
  explicit FloatBuffer(std::size_t size);

  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  std::span<float> span() { return {data_.get(), size_}; }
  std::span<const float> span() const { return {data_.get(), size_}; }

 private:
  struct Free {
    void operator()(float* pointer) const { std::free(pointer); }
  };
  std::unique_ptr<float[], Free> data_;
  std::size_t size_ = 0;
};

}  // namespace convbert
