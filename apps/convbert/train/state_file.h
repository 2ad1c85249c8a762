// What a run of training has come to while it lasts: a file in safetensors, of tensors of floats
// and "run", JSON as bytes. It is replaced at once, so that a run can be killed at any moment.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkpoint/safetensors.h"
#include "checkpoint/safetensors_writer.h"
#include "core/json.h"
#include "core/mapped_file.h"
#include "train/optimizer.h"

namespace convbert::app {

// Replaces the file by what `fill` puts; where that fails (a full disk, say) the one before is
// still there, and nothing else. Throws Error(system), and what `fill` throws.
void replace_file(const std::string& path,
                  const std::function<void(const SafetensorsWriter::Put&)>& fill);

// "parameter.<name>", "mean.<name>", "square.<name>"
std::string name_in_file(const StateTensor& tensor);

using NamedFloats = std::pair<std::string, const std::vector<float>*>;
// Parameters that were kept of such a state, as "<role>.<name>".
void add_kept(const std::string& role, const SavedParameters& kept,
              const std::vector<StateTensor>& state, std::vector<NamedFloats>& tensors);
// digest: of all that the run depends on, which becomes a member of `run`. Throws Error(system).
void write_state_file(const std::string& path, const std::string& digest, Json run,
                      const std::vector<NamedFloats>& tensors);

class StateFile {
 public:
  // Nothing where there is no such file. Throws Error(usage) for one with another digest,
  // Error(format) for one that is damaged.
  static std::optional<StateFile> open(const std::string& path, const std::string& digest);

  const Json& run() const { return run_; }
  // The floats of that name, of as many elements as there should be. Throws Error(format).
  void read(const std::string& name, std::vector<float>& floats) const;
  // As add_kept() has put them there. Throws Error(format).
  SavedParameters read_kept(const std::string& role, const std::vector<StateTensor>& state) const;
  // Throws Error(system) where the file has been cut meanwhile.
  void check() const { file_.check(); }
  [[noreturn]] void refuse() const;  // as damaged

 private:
  explicit StateFile(const std::string& path);

  std::string path_;
  MappedFile file_;
  TensorMap tensors_;
  Json run_;
};

// JSON has no NaN: null.
double number_or_nan(const Json& json);

}  // namespace convbert::app
