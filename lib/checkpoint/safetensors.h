// The safetensors format (Hugging Face, version 0.x):
//   8 bytes   little-endian size N of the header
//   N bytes   JSON {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ...},
//             with an optional "__metadata__" of strings, padded with spaces
//   the rest  the tensors' bytes, dense and row-major, offsets counted from here
// A valid file has no holes and no overlaps: sorted by offset, each tensor begins where the one
// before it ends, and the last ends with the file.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "checkpoint/stored_tensor.h"

namespace convbert {

// The views point into `file`. Throws Error(format) that begins with `source`.
TensorMap read_safetensors(std::span<const std::byte> file, const std::string& source);

}  // namespace convbert
