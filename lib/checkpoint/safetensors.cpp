#include "checkpoint/safetensors.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "core/byte_reader.h"
#include "core/error.h"
#include "core/json.h"

namespace convbert {
namespace {

// A tensor's entry takes some 120 bytes and a dozen values.
constexpr std::uint64_t kMaxHeader = 16 << 20;
constexpr JsonLimits kHeaderLimits{.depth = 4, .values = 1'000'000};

std::optional<DType> dtype_from_name(std::string_view name) {
  for (const DType dtype : {DType::f64, DType::f32, DType::f16, DType::bf16, DType::i64, DType::i32,
                            DType::i16, DType::i8, DType::u8, DType::boolean}) {
    if (name_of(dtype) == name) return dtype;
  }
  return std::nullopt;
}

struct Extent {
  std::uint64_t begin;
  std::uint64_t end;
  std::string name;
};

class HeaderReader {
 public:
  HeaderReader(std::span<const std::byte> data, const std::string& source)
      : data_(data), source_(source) {}

  TensorMap read(const Json& header) {
    if (!header.is_object()) fail("the header is not a JSON object");
    if (header.size() > kMostTensors) {
      fail(concat("it holds ", header.size(), " tensors; expected at most ", kMostTensors));
    }
    TensorMap tensors;
    for (const auto& [name, entry] : header.items()) {
      if (name != "__metadata__") tensors.emplace(name, read_tensor(name, entry));
    }
    check_extents();
    return tensors;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorKind::format, concat(source_, ": not a valid safetensors file: ", what));
  }

  std::vector<std::uint64_t> read_numbers(const std::string& name, const Json& entry,
                                          const char* key) const {
    const auto found = entry.find(key);
    if (found == entry.end() || !found->is_array()) {
      fail(concat("tensor \"", printable(name), "\" has no list \"", key, "\""));
    }
    std::vector<std::uint64_t> numbers;
    for (const Json& number : *found) {
      if (!number.is_number_unsigned()) {
        fail(concat("tensor \"", printable(name), "\": \"", key,
                    "\" holds something else than a number from 0"));
      }
      numbers.push_back(number.get<std::uint64_t>());
    }
    return numbers;
  }

  StoredTensor read_tensor(const std::string& name, const Json& entry) {
    const std::string quoted = "tensor \"" + printable(name) + "\"";
    if (!entry.is_object()) fail(quoted + " is not described by an object");

    const auto dtype_name = entry.find("dtype");
    if (dtype_name == entry.end() || !dtype_name->is_string()) fail(quoted + " has no dtype");
    const auto dtype = dtype_from_name(dtype_name->get<std::string>());
    if (!dtype) {
      fail(concat(quoted, " has dtype ", printable(dtype_name->get<std::string>(), 20),
                  ": expected F64, F32, F16, BF16 or an integer type up to 64 bits"));
    }

    StoredTensor tensor;
    tensor.dtype = *dtype;
    for (const std::uint64_t dimension : read_numbers(name, entry, "shape")) {
      if (dimension > INT64_MAX) fail(quoted + " has a dimension beyond 2^63");
      tensor.shape.push_back(static_cast<std::int64_t>(dimension));
    }
    const auto elements = element_count(tensor.shape);
    if (!elements || *elements > INT64_MAX / 8) {
      fail(concat(quoted, " has a shape whose size overflows: ", to_string(tensor.shape)));
    }
    tensor.strides = row_major_strides(tensor.shape);

    const auto offsets = read_numbers(name, entry, "data_offsets");
    if (offsets.size() != 2) fail(quoted + ": \"data_offsets\" must hold a begin and an end");
    const auto [begin, end] = std::pair(offsets[0], offsets[1]);
    if (begin > end || end > data_.size()) {
      fail(concat(quoted, " lies at bytes ", begin, " to ", end, " of ", data_.size()));
    }
    const std::uint64_t expected = static_cast<std::uint64_t>(*elements) * size_of(*dtype);
    if (end - begin != expected) {
      fail(concat(quoted, ": ", name_of(*dtype), " ", to_string(tensor.shape), " takes ", expected,
                  " bytes, found ", end - begin));
    }
    tensor.bytes = data_.subspan(begin, end - begin);
    extents_.push_back({begin, end, name});
    return tensor;
  }

  void check_extents() {
    std::ranges::sort(extents_, {}, [](const Extent& e) { return std::pair(e.begin, e.end); });
    std::uint64_t position = 0;
    for (const Extent& extent : extents_) {
      if (extent.begin != position) {
        fail(concat("tensor \"", printable(extent.name), "\" begins at byte ", extent.begin,
                    extent.begin < position ? ", inside the tensor before it, which ends at "
                                            : ", leaving a hole after byte ",
                    position));
      }
      position = extent.end;
    }
    if (position != data_.size()) {
      fail(concat("the tensors end at byte ", position, " of ", data_.size()));
    }
  }

  std::span<const std::byte> data_;
  const std::string& source_;
  std::vector<Extent> extents_;
};

}  // namespace

TensorMap read_safetensors(std::span<const std::byte> file, const std::string& source) {
  ByteReader reader(file, source);
  const auto header_size = reader.read<std::uint64_t>();
  if (header_size > kMaxHeader) {
    throw Error(ErrorKind::format, concat(source, ": not a valid safetensors file: a header of ",
                                          header_size, " bytes; expected at most ", kMaxHeader));
  }
  const Json header = parse_json(reader.read_text(header_size), source + ": header", kHeaderLimits);
  return HeaderReader(reader.take(reader.remaining()), source).read(header);
}

}  // namespace convbert
