// A tensor as a checkpoint file holds it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "core/dtype.h"
#include "core/tensor.h"

namespace convbert {

// Tensors of a file; the largest models of these families have a few thousand.
inline constexpr std::size_t kMostTensors = 100'000;

// A view of a tensor inside a file's bytes, little-endian; does not own them. Element
// (i, j, ...) is number i * strides[0] + j * strides[1] + ... from the start of `bytes`, and the
// reader that made the view has checked that every element lies inside.
struct StoredTensor {
  DType dtype = DType::f32;
  Shape shape;
  Shape strides;  // in elements; not negative; of no matter where a dimension is 1
  std::span<const std::byte> bytes;

  std::int64_t elements() const { return *element_count(shape); }
  bool is_contiguous() const;

  // All elements in row-major order as floats. destination.size() must be elements().
  // Throws Error(internal) for an integer tensor.
  void copy_to(std::span<float> destination) const;
  // The same as they are stored; destination.size() must be elements() * size_of(dtype).
  void copy_bytes_to(std::span<std::byte> destination) const;
};

// By name, in the order of the names.
using TensorMap = std::map<std::string, StoredTensor, std::less<>>;

// Strides of a dense row-major tensor; zeros where there is no element.
Shape row_major_strides(const Shape& shape);

}  // namespace convbert
