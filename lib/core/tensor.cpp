#include "core/tensor.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace convbert {
namespace {

constexpr std::size_t kAlignment = 64;  // a cache line, and the widest vector register

}  // namespace

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  return text + "]";
}

std::optional<std::int64_t> element_count(const Shape& shape) {
  constexpr std::int64_t kLimit = std::int64_t{1} << 62;
  if (std::ranges::any_of(shape, [](std::int64_t dimension) { return dimension < 0; })) {
    return std::nullopt;
  }
  if (std::ranges::find(shape, 0) != shape.end()) return 0;
  std::int64_t count = 1;
  for (const std::int64_t dimension : shape) {
    if (count > kLimit / dimension) return std::nullopt;
    count *= dimension;
  }
  return count;
}

bool all_finite(ConstMatrixView values) {
  for (std::int64_t row = 0; row < values.rows; ++row) {
    if (!all_finite(values.row_span(row))) return false;
  }
  return true;
}

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

FloatBuffer::FloatBuffer(std::size_t size) : size_(size) {
  if (size == 0) return;
  if (size > (SIZE_MAX - kAlignment) / sizeof(float)) throw std::bad_alloc();
  const std::size_t bytes = (size * sizeof(float) + kAlignment - 1) / kAlignment * kAlignment;
  data_.reset(static_cast<float*>(std::aligned_alloc(kAlignment, bytes)));
  if (data_ == nullptr) throw std::bad_alloc();
}

void copy_rows(ConstMatrixView from, MatrixView to) {
  for (std::int64_t row = 0; row < from.rows; ++row) {
    std::copy_n(from.row(row), from.columns, to.row(row));
  }
}

bool all_finite(std::span<const float> values) {
  return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
}

}  // namespace convbert
