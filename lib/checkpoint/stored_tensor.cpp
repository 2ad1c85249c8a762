#include "checkpoint/stored_tensor.h"

#include <algorithm>

#include "core/error.h"

namespace convbert {
namespace {

// Of a shape without elements, whose other dimensions may have any product.
bool is_empty(const Shape& shape) { return std::ranges::find(shape, 0) != shape.end(); }

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
  if (static_cast<std::int64_t>(destination.size()) != elements()) {
    throw Error(ErrorKind::internal, "StoredTensor: the destination has another size");
  }
  if (is_contiguous()) return widen_to_float(dtype, bytes, destination);

  // An odometer over the index, last dimension fastest; `source` follows it.
  Shape index(shape.size(), 0);
  std::int64_t source = 0;
  const std::size_t width = size_of(dtype);
  for (float& value : destination) {
    widen_to_float(dtype, bytes.subspan(static_cast<std::size_t>(source) * width, width),
                   std::span(&value, 1));
    for (std::size_t d = shape.size(); d-- > 0;) {
      if (shape[d] == 1) continue;
      source += strides[d];
      if (++index[d] < shape[d]) break;
      source -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
}

}  // namespace convbert
