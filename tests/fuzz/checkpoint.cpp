// Checkpoint files of every format: any bytes give tensors whose elements can all be read, and
// which are no more than the file can stand for, or an Error(format).
#include <cstdint>
#include <vector>

#include "checkpoint/safetensors.h"
#include "checkpoint/torch_checkpoint.h"
#include "core/error.h"

using namespace convbert;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t kMostReadings = 64;  // of each byte
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    const TensorMap tensors = looks_like_torch_zip(bytes)      ? read_torch_zip(bytes, "file")
                              : looks_like_torch_legacy(bytes) ? read_torch_legacy(bytes, "file")
                                                               : read_safetensors(bytes, "file");
    if (tensors.size() > kMostTensors) __builtin_trap();
    std::uint64_t read = 0;
    for (const auto& [name, tensor] : tensors) {
      const auto elements = static_cast<std::uint64_t>(tensor.elements());
      read += elements * size_of(tensor.dtype);
      if (read / kMostReadings > size) __builtin_trap();
      if (!is_floating_point(tensor.dtype)) continue;
      std::vector<float> values(elements);
      tensor.copy_to(values);
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::format) __builtin_trap();
  }
  return 0;
}
