#include "model/model.h"

#include <algorithm>

#include "core/error.h"

namespace convbert {
namespace {

std::string list(const std::vector<HeadKind>& heads) {
  if (heads.empty()) return "no trained head";
  std::string text = "a head for ";
  for (std::size_t i = 0; i < heads.size(); ++i) {
    text += concat(i > 0 ? ", " : "", name_of(heads[i]));
  }
  return text;
}

// Runs `step`; an Error(format) names the file.
template <class Step>
auto naming(const std::string& path, Step step) {
  try {
    return step();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::format) throw;
    throw Error(ErrorKind::format, concat(path, ": ", error.what()));
  }
}

Head load_head(HeadKind kind, const ModelFiles& files, const ModelConfig& config,
               const Checkpoint& checkpoint, WeightBinder& binder) {
  const std::int64_t outputs = binder.outputs_of(kind);
  const bool has_names = info_of(kind).outputs == HeadOutputs::labels && !config.labels.empty();
  if (has_names && std::ssize(config.labels) != outputs) {
    throw Error(ErrorKind::format,
                concat(files.path_of("config.json"), ": \"id2label\" names ", config.labels.size(),
                       " labels, but the head in ", checkpoint.path(), " has ", outputs));
  }
  const HeadForm& form = *form_of(kind, config.family);
  HeadWeights weights = head_layout(form, config, outputs);
  binder.bind(weights);
  return Head(form, config, weights);
}

}  // namespace

const Head* Model::head(HeadKind kind) const {
  const auto found = std::ranges::find(heads, kind, &Head::kind);
  return found == heads.end() ? nullptr : &*found;
}

Model load_model(const ModelFiles& files, const LoadOptions& options) {
  const ModelConfig config = read_config(files);
  Checkpoint checkpoint = Checkpoint::open(files);
  WeightBinder binder(checkpoint, config);
  EncoderWeights encoder_weights = encoder_layout(config);
  binder.bind(encoder_weights);

  const std::vector<HeadKind> kinds = binder.heads();
  const bool wants_one = options.parts == ModelParts::encoder_and_head;
  if (wants_one && std::ranges::find(kinds, options.head) == kinds.end()) {
    throw Error(ErrorKind::usage, concat(files.origin(), ": expected a model with a head for ",
                                         name_of(options.head), ", found one with ", list(kinds)));
  }
  std::vector<Head> heads;
  for (const HeadKind kind : kinds) {
    const bool is_wanted = wants_one ? kind == options.head : options.parts != ModelParts::encoder;
    if (is_wanted) heads.push_back(load_head(kind, files, config, checkpoint, binder));
  }
  UnusedTensors unused = binder.unused();
  const auto check_files = [files_in_use = checkpoint.files()] {
    for (const FileBytes& file : files_in_use) file.check();
  };
  // Packed weights are copies: of the file, no more than one layer a thread is in memory.
  const EncoderOptions encoder_options{
      .precision = options.precision,
      .threads = options.threads,
      .on_layer_packed = [&checkpoint] { checkpoint.release_pages(); },
      .check_tables = check_files};
  Encoder encoder =
      naming(checkpoint.path(), [&] { return Encoder(config, encoder_weights, encoder_options); });
  check_files();
  return {files.origin(),     config,          std::move(checkpoint), kinds, std::move(unused),
          std::move(encoder), std::move(heads)};
}

}  // namespace convbert
