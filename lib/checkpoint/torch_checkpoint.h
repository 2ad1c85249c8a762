// The two formats of torch.save for a dictionary of tensors ("pytorch_model.bin").
//
// Zip form (torch 1.6 and later): a zip archive, nothing compressed, of
//   <root>/data.pkl     a pickle of the dictionary; a tensor refers to a storage by its key
//   <root>/data/<key>   the bytes of that storage, in the byte order that <root>/byteorder names
//                       ("little" where there is none)
// Legacy form (before 1.6), one after another:
//   a pickle of the magic number 0x1950a86a20f9469cfc6c; one of the protocol version, 1001; one of
//   the writer's type sizes and byte order; one of the dictionary; one of the list of storage keys;
//   then for each key 8 bytes of element count and the elements
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "checkpoint/stored_tensor.h"

namespace convbert {

bool looks_like_torch_zip(std::span<const std::byte> file);
bool looks_like_torch_legacy(std::span<const std::byte> file);

// The views point into `file`. Throw Error(format) that begins with `source`.
TensorMap read_torch_zip(std::span<const std::byte> file, const std::string& source);
TensorMap read_torch_legacy(std::span<const std::byte> file, const std::string& source);

}  // namespace convbert
