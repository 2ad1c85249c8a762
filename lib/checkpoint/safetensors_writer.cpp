#include "checkpoint/safetensors_writer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "core/narrowing.h"
#include "core/utf8.h"

namespace convbert {
namespace {

constexpr std::size_t kAlignment = 8;
constexpr std::int64_t kElementsAtATime = 1 << 18;

std::uint64_t bytes_of(const TensorHeader& tensor) {
  return static_cast<std::uint64_t>(*element_count(tensor.shape)) * size_of(tensor.dtype);
}

std::string json_string(const std::string& text) {
  if (find_invalid_utf8(text) != kValidUtf8) {
    throw Error(ErrorKind::format,
                concat("tensor \"", printable(text), "\": its name is no UTF-8"));
  }
  return Json(text).dump();
}

std::string header_of(const std::vector<TensorHeader>& tensors) {
  std::string header = R"({"__metadata__":{"format":"pt"})";
  std::uint64_t position = 0;
  for (const TensorHeader& tensor : tensors) {
    const std::uint64_t end = position + bytes_of(tensor);
    header += concat(",", json_string(tensor.name), ":{\"dtype\":\"", name_of(tensor.dtype),
                     "\",\"shape\":", Json(tensor.shape).dump(), ",\"data_offsets\":[", position,
                     ",", end, "]}");
    position = end;
  }
  header += '}';
  header.resize((header.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  return header;
}

// Rounded by `narrow`, which makes infinities of what is too large.
template <class Narrow>
void narrow_each(std::span<const float> elements, std::byte* to, Narrow narrow,
                 float (*widen)(std::uint16_t), const TensorHeader& tensor) {
  for (const float element : elements) {
    const std::uint16_t bits = narrow(element);
    if (std::isfinite(element) && !std::isfinite(widen(bits))) {
      throw Error(ErrorKind::format,
                  concat("tensor \"", printable(tensor.name), "\": ", element, " is beyond ",
                         name_of(tensor.dtype), "; expected a type that holds it, BF16 or F32"));
    }
    std::memcpy(to, &bits, sizeof bits);
    to += sizeof bits;
  }
}

// Rows first to last of its first dimension.
StoredTensor rows_of(const StoredTensor& tensor, std::int64_t first, std::int64_t count) {
  StoredTensor part = tensor;
  part.shape.front() = count;
  part.bytes = tensor.bytes.subspan(static_cast<std::size_t>(first * tensor.strides.front()) *
                                    size_of(tensor.dtype));
  return part;
}

// Calls visit(part) with pieces of at most kElementsAtATime elements, in row-major order.
template <class Visit>
void for_each_part(const StoredTensor& tensor, Visit& visit) {
  const std::int64_t elements = tensor.elements();
  if (elements <= kElementsAtATime) {
    if (elements > 0) visit(tensor);
    return;
  }
  const std::int64_t row = elements / tensor.shape.front();
  const std::int64_t step = std::max<std::int64_t>(kElementsAtATime / row, 1);
  for (std::int64_t first = 0; first < tensor.shape.front(); first += step) {
    const std::int64_t count = std::min(step, tensor.shape.front() - first);
    StoredTensor part = rows_of(tensor, first, count);
    if (row > kElementsAtATime) {  // a row alone is too large: what is below it
      part.shape.erase(part.shape.begin());
      part.strides.erase(part.strides.begin());
    }
    for_each_part(part, visit);
  }
}

}  // namespace

SafetensorsWriter::SafetensorsWriter(std::vector<TensorHeader> tensors, Put put)
    : tensors_(std::move(tensors)), put_(std::move(put)) {
  std::ranges::sort(tensors_, [](const TensorHeader& a, const TensorHeader& b) {
    const std::size_t width_a = size_of(a.dtype);
    const std::size_t width_b = size_of(b.dtype);
    return width_a != width_b ? width_a > width_b : a.name < b.name;
  });
  const std::string header = header_of(tensors_);
  const std::uint64_t size = header.size();
  put_(std::as_bytes(std::span(&size, 1)));
  put_(std::as_bytes(std::span(header)));
  if (!tensors_.empty()) left_ = bytes_of(tensors_.front());
  skip_empty();
}

void SafetensorsWriter::skip_empty() {
  while (left_ == 0 && current_ < tensors_.size()) {
    if (++current_ < tensors_.size()) left_ = bytes_of(tensors_[current_]);
  }
}

const TensorHeader& SafetensorsWriter::current() const {
  if (current_ == tensors_.size()) {
    throw Error(ErrorKind::internal, "SafetensorsWriter: elements behind the last tensor");
  }
  return tensors_[current_];
}

void SafetensorsWriter::advance(std::uint64_t bytes) {
  if (bytes > left_) {
    throw Error(ErrorKind::internal, concat("SafetensorsWriter: ", bytes, " bytes for tensor \"",
                                            current().name, "\", which has room for ", left_));
  }
  left_ -= bytes;
  skip_empty();
}

void SafetensorsWriter::append_bytes(std::span<const std::byte> elements) {
  if (elements.empty()) return;
  current();
  advance(elements.size());
  put_(elements);
}

void SafetensorsWriter::append(std::span<const float> elements) {
  if (elements.empty()) return;
  const TensorHeader& tensor = current();
  if (tensor.dtype == DType::f32) return append_bytes(std::as_bytes(elements));
  buffer_.resize(elements.size() * sizeof(std::uint16_t));
  if (tensor.dtype == DType::f16) {
    narrow_each(elements, buffer_.data(), float_to_float16, float16_to_float, tensor);
  } else if (tensor.dtype == DType::bf16) {
    narrow_each(elements, buffer_.data(), float_to_bfloat16, bfloat16_to_float, tensor);
  } else {
    throw Error(ErrorKind::internal,
                concat("SafetensorsWriter: floats for ", name_of(tensor.dtype)));
  }
  append_bytes(buffer_);
}

void SafetensorsWriter::append_tensor(const StoredTensor& tensor) {
  if (tensor.elements() == 0) return;
  const bool is_same_type = tensor.dtype == current().dtype;
  std::vector<std::byte> bytes;
  std::vector<float> floats;
  const auto append_part = [&](const StoredTensor& part) {
    const auto count = static_cast<std::size_t>(part.elements());
    if (!is_same_type) {
      floats.resize(count);
      part.copy_to(floats);
      append(floats);
    } else if (part.is_contiguous()) {
      append_bytes(part.bytes.first(count * size_of(part.dtype)));
    } else {
      bytes.resize(count * size_of(part.dtype));
      part.copy_bytes_to(bytes);
      append_bytes(bytes);
    }
  };
  for_each_part(tensor, append_part);
}

void SafetensorsWriter::finish() const {
  if (current_ == tensors_.size()) return;
  throw Error(ErrorKind::internal, concat("SafetensorsWriter: tensor \"", tensors_[current_].name,
                                          "\" lacks ", left_, " bytes"));
}

}  // namespace convbert
