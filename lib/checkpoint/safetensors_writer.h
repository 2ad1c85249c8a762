// Writes the format of safetensors.h, tensor after tensor, in memory that does not grow with them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/stored_tensor.h"
#include "core/dtype.h"
#include "core/tensor.h"

namespace convbert {

// What a tensor will be called in a file, and how it will lie there.
struct TensorHeader {
  std::string name;
  DType dtype;
  Shape shape;
};

//   SafetensorsWriter writer(headers, put);
//   for (const TensorHeader& tensor : writer.tensors()) writer.append(weights_of(tensor.name));
//   writer.finish();
class SafetensorsWriter {
 public:
  using Put = std::function<void(std::span<const std::byte>)>;

  // Puts the header at once: tensors by falling width of their type, then by name, so that each
  // lies at a multiple of its width; "__metadata__" is {"format": "pt"}, as transformers wants it.
  // Throws Error(format) for a name that is no UTF-8, and what `put` throws, as all calls do.
  SafetensorsWriter(std::vector<TensorHeader> tensors, Put put);

  // In the order in which their elements are to come.
  const std::vector<TensorHeader>& tensors() const { return tensors_; }

  // The next elements in row-major order, all of one tensor or a part, rounded to its type.
  // Throws Error(format) naming the tensor for a finite one that the type has no finite place for;
  // Error(internal) beyond the tensor's end, or for a type that is no F32, F16 or BF16.
  void append(std::span<const float> elements);
  // The same as they lie in the file, little-endian.
  void append_bytes(std::span<const std::byte> elements);
  // A whole tensor, from a file: its bytes as they are where the type is the same, else rounded; a
  // part of it at a time.
  void append_tensor(const StoredTensor& tensor);

  // Throws Error(internal) unless all elements are there.
  void finish() const;

 private:
  const TensorHeader& current() const;
  void advance(std::uint64_t bytes);
  void skip_empty();

  std::vector<TensorHeader> tensors_;
  Put put_;
  std::size_t current_ = 0;
  std::uint64_t left_ = 0;  // bytes of the current tensor that are still to come
  std::vector<std::byte> buffer_;
};

}  // namespace convbert
