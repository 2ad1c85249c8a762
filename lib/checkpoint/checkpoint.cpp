#include "checkpoint/checkpoint.h"

#include <cstring>
#include <map>
#include <set>
#include <utility>

#include "checkpoint/safetensors.h"
#include "checkpoint/torch_checkpoint.h"
#include "core/error.h"
#include "core/json_file.h"

namespace convbert {
namespace {

constexpr std::string_view kLargeFilePointer = "version https://git-lfs";

// Formats that a directory may hold instead, and that this program does not read.
constexpr const char* kOtherFormats[] = {"tf_model.h5", "flax_model.msgpack", "model.onnx",
                                         "model.ckpt.index"};

TensorMap read_tensors(std::span<const std::byte> file, const std::string& path) {
  if (looks_like_torch_zip(file)) return read_torch_zip(file, path);
  if (looks_like_torch_legacy(file)) return read_torch_legacy(file, path);
  if (file.size() >= kLargeFilePointer.size() &&
      std::memcmp(file.data(), kLargeFilePointer.data(), kLargeFilePointer.size()) == 0) {
    throw Error(ErrorKind::format,
                concat(path, ": a Git LFS pointer, not the file itself; run `git lfs pull`"));
  }
  return read_safetensors(file, path);
}

}  // namespace

void Checkpoint::release_pages() const {
  for (const FileBytes& file : files_) file.release_pages();
}

const StoredTensor* Checkpoint::find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

void Checkpoint::add_file(const ModelFiles& files, const std::string& name) {
  const FileBytes& file = files_.emplace_back(files.open(name));
  TensorMap tensors = read_tensors(file.bytes(), files.path_of(name));
  tensors_.merge(tensors);
  if (!tensors.empty()) {
    throw Error(ErrorKind::format,
                concat(files.path_of(name), ": tensor \"", printable(tensors.begin()->first),
                       "\" is in another shard, too"));
  }
}

// {"weight_map": {"tensor name": "file name", ...}}
void Checkpoint::add_shards(const ModelFiles& files, const std::string& index_name) {
  const std::string path = files.path_of(index_name);
  const Json index = read_json(files, index_name);
  const auto map = index.is_object() ? index.find("weight_map") : index.end();
  if (map == index.end() || !map->is_object()) {
    throw Error(ErrorKind::format, concat(path, ": expected an object \"weight_map\""));
  }
  std::set<std::string> names;
  for (const auto& [tensor, file] : map->items()) {
    if (!file.is_string()) {
      throw Error(ErrorKind::format, concat(path, ": \"weight_map\": expected the name of a file ",
                                            "for \"", printable(tensor), "\""));
    }
    names.insert(file.get<std::string>());
  }
  for (const std::string& name : names) add_file(files, name);
  for (const auto& [tensor, file] : map->items()) {
    if (!tensors_.contains(tensor)) {
      throw Error(ErrorKind::format, concat(path, ": tensor \"", printable(tensor), "\" is not in ",
                                            printable(file.get<std::string>())));
    }
  }
}

Checkpoint Checkpoint::open(const ModelFiles& files) {
  Checkpoint checkpoint;
  for (const char* name : {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
                           "pytorch_model.bin.index.json"}) {
    if (!files.contains(name)) continue;
    checkpoint.path_ = files.path_of(name);
    if (std::string_view(name).ends_with(".json")) {
      checkpoint.add_shards(files, name);
    } else {
      checkpoint.add_file(files, name);
    }
    return checkpoint;
  }
  std::string found;
  for (const char* name : kOtherFormats) {
    if (files.contains(name)) found = concat(", found ", name, ", which is not supported");
  }
  throw Error(ErrorKind::system, concat(files.origin(), ": expected model.safetensors or ",
                                        "pytorch_model.bin (or their .index.json)", found));
}

}  // namespace convbert
