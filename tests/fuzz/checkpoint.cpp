// Checkpoint files of every format: any bytes give tensors whose elements can all be read, or an
// Error(format).
#include <cstdint>
#include <vector>

#include "checkpoint/safetensors.h"
#include "checkpoint/torch_checkpoint.h"
#include "core/error.h"

using namespace convbert;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::int64_t kMostElements = 1 << 16;
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    const TensorMap tensors = looks_like_torch_zip(bytes)      ? read_torch_zip(bytes, "file")
                              : looks_like_torch_legacy(bytes) ? read_torch_legacy(bytes, "file")
                                                               : read_safetensors(bytes, "file");
    for (const auto& [name, tensor] : tensors) {
      if (!is_floating_point(tensor.dtype) || tensor.elements() > kMostElements) continue;
      std::vector<float> values(static_cast<std::size_t>(tensor.elements()));
      tensor.copy_to(values);
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::format) __builtin_trap();
  }
  return 0;
}
