// A reader for the pickles inside torch checkpoints that cannot be made to run anything.
//
// A pickle is a program for a small stack machine (Python's pickletools lists its opcodes). This
// reader knows the opcodes that a dictionary of tensors needs, and of the functions that such a
// program may name only these:
//   collections.OrderedDict, torch._utils._rebuild_tensor, _rebuild_tensor_v2, _rebuild_parameter,
//   torch.{Double,Float,Half,BFloat16,Long,Int,Short,Char,Byte,Bool}Storage
// They are acted out on plain data; everything else is refused by name. Values live in one flat
// arena, so that neither depth nor cycles can hurt, and text stays where it is in the file.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/byte_reader.h"
#include "core/dtype.h"
#include "core/tensor.h"

namespace convbert {

// What a pickle's values may take, in bytes; a dictionary of a thousand tensors takes 3 MiB.
inline constexpr std::size_t kMostPickleBytes = 32 << 20;

// A storage that the pickle refers to and that the file holds elsewhere.
struct PickledStorage {
  DType dtype;
  std::string_view key;  // names the storage within the file
  std::int64_t elements;
};

struct PickledTensor {
  PickledStorage storage;
  std::int64_t offset;  // elements from the storage's start
  Shape shape;
  Shape strides;  // elements
};

// One unpickled value. Children are indices into Pickle::values; text is the reader's.
struct PickledValue {
  struct None {};
  struct Mark {};
  struct Global {
    std::string_view name;  // "torch.FloatStorage"
  };
  struct Sequence {  // a tuple or a list
    std::vector<std::uint32_t> items;
  };
  struct Dict {
    std::vector<std::uint32_t> keys_and_values;  // key, value, key, value, ...
  };
  std::variant<None, Mark, bool, std::int64_t, std::string_view, Global, Sequence, Dict,
               PickledStorage, PickledTensor>
      value;
};

struct Pickle {
  std::deque<PickledValue> values;  // a deque: references stay good while it grows
  std::uint32_t root = 0;

  const PickledValue& at(std::uint32_t index) const { return values[index]; }
};

// Reads one pickle, protocols 2 to 5, and leaves the reader behind its STOP. The reader's bytes
// must outlive the result. Throws Error(format) that begins with `source`.
Pickle read_pickle(ByteReader& reader, const std::string& source);

}  // namespace convbert
