#include "checkpoint/stored_tensor.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"

namespace convbert {
namespace {

// Of a shape without elements, whose other dimensions may have any product.
bool is_empty(const Shape& shape) { return std::ranges::find(shape, 0) != shape.end(); }

void check_size(std::size_t found, std::size_t expected) {
  if (found == expected) return;
  throw Error(ErrorKind::internal, "StoredTensor: the destination has another size");
}

// Calls visit(bytes) with each element, in row-major order.
template <class Visit>
void for_each_element(const StoredTensor& tensor, Visit visit) {
  const auto& [dtype, shape, strides, bytes] = tensor;
  // An odometer over the index, last dimension fastest; `source` follows it.
  Shape index(shape.size(), 0);
  std::int64_t source = 0;
  const std::size_t width = size_of(dtype);
  for (std::int64_t left = tensor.elements(); left > 0; --left) {
    visit(bytes.subspan(static_cast<std::size_t>(source) * width, width));
    for (std::size_t d = shape.size(); d-- > 0;) {
      if (shape[d] == 1) continue;
      source += strides[d];
      if (++index[d] < shape[d]) break;
      source -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
}

}  // namespace

Shape row_major_strides(const Shape& shape) {
  Shape strides(shape.size());
  if (is_empty(shape)) return strides;
  std::int64_t stride = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

bool StoredTensor::is_contiguous() const {
  if (is_empty(shape)) return true;
  std::int64_t expected = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (shape[i] != 1 && strides[i] != expected) return false;  // a single element may skip any way
    expected *= shape[i];
  }
  return true;
}

void StoredTensor::copy_to(std::span<float> destination) const {
  check_size(destination.size(), static_cast<std::size_t>(elements()));
  if (is_contiguous()) return widen_to_float(dtype, bytes, destination);
  float* to = destination.data();
  for_each_element(*this, [&](std::span<const std::byte> element) {
    widen_to_float(dtype, element, std::span(to++, 1));
  });
}

void StoredTensor::copy_bytes_to(std::span<std::byte> destination) const {
  check_size(destination.size(), static_cast<std::size_t>(elements()) * size_of(dtype));
  if (destination.empty()) return;
  if (is_contiguous()) {
    std::memcpy(destination.data(), bytes.data(), destination.size());
    return;
  }
  std::byte* to = destination.data();
  for_each_element(*this, [&](std::span<const std::byte> element) {
    std::memcpy(to, element.data(), element.size());
    to += element.size();
  });
}

}  // namespace convbert
