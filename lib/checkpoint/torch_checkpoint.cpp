#include "checkpoint/torch_checkpoint.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string_view>

#include "checkpoint/pickle.h"
#include "checkpoint/zip_directory.h"
#include "core/byte_reader.h"
#include "core/error.h"

namespace convbert {
namespace {

using Bytes = std::span<const std::byte>;

// A pickle of protocol 2 that holds the long 0x1950a86a20f9469cfc6c and stops.
constexpr std::string_view kLegacyMagic{"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.",
                                        15};

bool starts_with(Bytes file, std::string_view magic) {
  return file.size() >= magic.size() && std::memcmp(file.data(), magic.data(), magic.size()) == 0;
}

// How often the tensors of a file may read its bytes, all together: those of tied embeddings do so
// twice, and where layers share their weights, each layer does.
constexpr std::uint64_t kMostReadings = 64;

[[noreturn]] void fail(const std::string& source, const std::string& what) {
  throw Error(ErrorKind::format, concat(source, ": not a valid torch checkpoint: ", what));
}

// Number of the last element that the tensor reads, or -1 if it is empty; nothing on overflow.
std::optional<std::int64_t> last_element(const PickledTensor& tensor) {
  const auto elements = element_count(tensor.shape);
  if (!elements) return std::nullopt;
  if (*elements == 0) return -1;
  std::int64_t last = tensor.offset;
  for (std::size_t d = 0; d < tensor.shape.size(); ++d) {
    std::int64_t step;
    if (tensor.strides[d] < 0 ||
        __builtin_mul_overflow(tensor.shape[d] - 1, tensor.strides[d], &step) ||
        __builtin_add_overflow(last, step, &last)) {
      return std::nullopt;
    }
  }
  return last;
}

StoredTensor view_of(const PickledTensor& tensor, Bytes storage, const std::string& name,
                     const std::string& source) {
  const std::string quoted = "tensor \"" + printable(name) + "\"";
  if (tensor.shape.size() != tensor.strides.size() || tensor.offset < 0) {
    fail(source, quoted + " has a shape and strides that do not go together");
  }
  const std::size_t width = size_of(tensor.storage.dtype);
  const auto last = last_element(tensor);
  const auto available = static_cast<std::int64_t>(storage.size() / width);
  if (!last || *last >= available) {
    fail(source, concat(quoted, " of shape ", to_string(tensor.shape), " reaches beyond the ",
                        available, " elements of its storage"));
  }
  StoredTensor view{tensor.storage.dtype, tensor.shape, tensor.strides, {}};
  if (view.elements() > available) {
    fail(source, concat(quoted, " of shape ", to_string(tensor.shape), " repeats the ", available,
                        " elements of its storage; save a copy of it, tensor.contiguous()"));
  }
  if (*last >= 0) view.bytes = storage.subspan(static_cast<std::size_t>(tensor.offset) * width);
  return view;
}

// Where a torch file's tensors are described and where they lie.
struct Contents {
  const Pickle& pickle;
  std::size_t file_size;
  std::function<Bytes(const PickledStorage&)> storage_bytes;
};

// The tensors of a dictionary; entries of other types (a step counter, say) hold no weights.
TensorMap tensors_of(const Contents& contents, const std::string& source) {
  const Pickle& pickle = contents.pickle;
  const auto* dict = std::get_if<PickledValue::Dict>(&pickle.at(pickle.root).value);
  if (dict == nullptr) fail(source, "expected a dictionary of tensors at the top");
  std::map<std::string_view, const PickledTensor*> last;  // of equal names the last one counts
  for (std::size_t i = 0; i + 1 < dict->keys_and_values.size(); i += 2) {
    const auto* name = std::get_if<std::string_view>(&pickle.at(dict->keys_and_values[i]).value);
    const auto* tensor = std::get_if<PickledTensor>(&pickle.at(dict->keys_and_values[i + 1]).value);
    if (name != nullptr && tensor != nullptr) last.insert_or_assign(*name, tensor);
  }
  if (last.size() > kMostTensors) {
    fail(source, concat("it holds ", last.size(), " tensors; expected at most ", kMostTensors));
  }
  TensorMap tensors;
  std::uint64_t bytes = 0;
  for (const auto& [key, tensor] : last) {
    const std::string name(key);
    const StoredTensor& view =
        tensors
            .emplace(name, view_of(*tensor, contents.storage_bytes(tensor->storage), name, source))
            .first->second;
    bytes += static_cast<std::uint64_t>(view.elements()) * size_of(view.dtype);
  }
  if (bytes / kMostReadings > contents.file_size) {
    fail(source, concat("its tensors take ", bytes, " bytes, the file has ", contents.file_size,
                        ": too many of them share a storage"));
  }
  return tensors;
}

std::map<std::string_view, PickledStorage> storages_of(const Pickle& pickle) {
  std::map<std::string_view, PickledStorage> storages;
  for (const PickledValue& value : pickle.values) {
    if (const auto* storage = std::get_if<PickledStorage>(&value.value)) {
      storages.emplace(storage->key, *storage);
    }
  }
  return storages;
}

}  // namespace

bool looks_like_torch_zip(Bytes file) { return starts_with(file, {"PK\x03\x04", 4}); }
bool looks_like_torch_legacy(Bytes file) { return starts_with(file, kLegacyMagic); }

TensorMap read_torch_zip(Bytes file, const std::string& source) {
  const auto files = read_zip_directory(file, source);
  const auto pickle_file = std::ranges::find_if(
      files, [](const auto& entry) { return entry.first.ends_with("/data.pkl"); });
  if (pickle_file == files.end()) fail(source, "the archive holds no data.pkl");
  const std::string root = pickle_file->first.substr(0, pickle_file->first.rfind('/') + 1);

  if (const auto order = files.find(root + "byteorder"); order != files.end()) {
    ByteReader text(order->second, source);
    if (text.read_text(text.remaining()) != "little") fail(source, "it is not little-endian");
  }
  ByteReader reader(pickle_file->second, source + ": data.pkl");
  const Pickle pickle = read_pickle(reader, source);
  const auto storage_bytes = [&](const PickledStorage& storage) {
    const std::string key(storage.key);
    const auto found = files.find(root + "data/" + key);
    if (found == files.end()) {
      fail(source, concat("the archive holds no data/", printable(key)));
    }
    return found->second;
  };
  return tensors_of({pickle, file.size(), storage_bytes}, source);
}

TensorMap read_torch_legacy(Bytes file, const std::string& source) {
  ByteReader reader(file, source);
  reader.take(kLegacyMagic.size());
  {
    const Pickle version = read_pickle(reader, source);
    const auto* number = std::get_if<std::int64_t>(&version.at(version.root).value);
    if (number == nullptr || *number != 1001) fail(source, "expected protocol version 1001");
  }
  read_pickle(reader, source);  // the writer's type sizes, which name nothing we depend on
  const Pickle pickle = read_pickle(reader, source);
  const Pickle keys = read_pickle(reader, source);

  const std::map<std::string_view, PickledStorage> storages = storages_of(pickle);
  const auto* list = std::get_if<PickledValue::Sequence>(&keys.at(keys.root).value);
  if (list == nullptr) fail(source, "expected a list of storage keys");
  std::map<std::string_view, Bytes> contents;
  for (const std::uint32_t item : list->items) {
    const auto* key = std::get_if<std::string_view>(&keys.at(item).value);
    const auto storage = key == nullptr ? storages.end() : storages.find(*key);
    if (storage == storages.end()) fail(source, "it lists a storage that no tensor uses");
    const auto elements = reader.read<std::uint64_t>();
    const std::size_t width = size_of(storage->second.dtype);
    if (elements > reader.remaining() / width) {
      fail(source, concat("a storage of ", elements, " elements, but ", reader.remaining(),
                          " bytes are left"));
    }
    contents.emplace(*key, reader.take(elements * width));
  }
  const auto storage_bytes = [&](const PickledStorage& storage) {
    const auto found = contents.find(storage.key);
    if (found == contents.end()) {
      fail(source, concat("it holds no storage ", printable(std::string(storage.key))));
    }
    return found->second;
  };
  return tensors_of({pickle, file.size(), storage_bytes}, source);
}

}  // namespace convbert
