// All tensors of a model, wherever and however its directory stores them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/stored_tensor.h"
#include "core/model_files.h"

namespace convbert {

// Owns the mapped files that its tensors point into. Move-only.
class Checkpoint {
 public:
  // Reads the first of model.safetensors, model.safetensors.index.json (shards), pytorch_model.bin
  // and pytorch_model.bin.index.json that is there. The content, not the name, decides the format
  // of a file. Throws Error(format) or Error(system) naming the file.
  static Checkpoint open(const ModelFiles& files);

  Checkpoint(Checkpoint&&) = default;
  Checkpoint& operator=(Checkpoint&&) = default;

  const TensorMap& tensors() const { return tensors_; }
  const StoredTensor* find(std::string_view name) const;  // null where there is none
  const std::string& path() const { return path_; }       // for messages

  // Those that the tensors lie in; copies keep them open.
  const std::vector<FileBytes>& files() const { return files_; }

  // What has been read so far leaves this process's memory; tensors stay good, and reading them
  // again brings their pages back.
  void release_pages() const;

 private:
  Checkpoint() = default;
  void add_file(const ModelFiles& files, const std::string& name);
  void add_shards(const ModelFiles& files, const std::string& index_name);

  std::vector<FileBytes> files_;
  TensorMap tensors_;
  std::string path_;
};

}  // namespace convbert
