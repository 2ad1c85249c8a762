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

void check_labels(const ModelFiles& files, const ModelConfig& config, const Checkpoint& checkpoint,
                  std::int64_t outputs) {
  if (config.labels.empty() || std::ssize(config.labels) == outputs) return;
  throw Error(ErrorKind::format,
              concat(files.path_of("config.json"), ": \"id2label\" names ", config.labels.size(),
                     " labels, but the head in ", checkpoint.path(), " has ", outputs));
}

Head load_head(HeadKind kind, const ModelFiles& files, const ModelConfig& config,
               const Checkpoint& checkpoint, WeightBinder& binder) {
  const std::int64_t outputs = binder.outputs_of(kind);
  if (info_of(kind).outputs == HeadOutputs::labels) {
    check_labels(files, config, checkpoint, outputs);
  }
  const HeadForm& form = *form_of(kind, config.family);
  HeadWeights weights = head_layout(form, config, outputs);
  binder.bind(weights);
  return Head(form, config, weights);
}

Head load_classifier(const VectorClassifier& classifier, const ModelConfig& config) {
  const Checkpoint checkpoint = Checkpoint::open(classifier.files);
  const HeadForm& form = vector_classifier_form();
  HeadWeights weights = head_layout(form, config, std::ssize(config.labels));
  bind_alone(weights, checkpoint);
  Head head(form, config, weights, classifier.pooling);
  for (const FileBytes& file : checkpoint.files()) file.check();
  return head;
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

  std::vector<HeadKind> kinds = binder.heads();
  const bool has_classifier =
      options.classifier &&
      std::ranges::find(kinds, HeadKind::sequence_classification) == kinds.end();
  if (has_classifier) kinds.insert(kinds.begin(), HeadKind::sequence_classification);
  const bool wants_one = options.parts == ModelParts::encoder_and_head;
  if (wants_one && std::ranges::find(kinds, options.head) == kinds.end()) {
    throw Error(ErrorKind::usage, concat(files.origin(), ": expected a model with a head for ",
                                         name_of(options.head), ", found one with ", list(kinds)));
  }
  std::vector<Head> heads;
  for (const HeadKind kind : kinds) {
    const bool is_wanted = wants_one ? kind == options.head : options.parts != ModelParts::encoder;
    if (!is_wanted) continue;
    const bool is_of_vectors = has_classifier && kind == HeadKind::sequence_classification;
    heads.push_back(is_of_vectors ? load_classifier(*options.classifier, config)
                                  : load_head(kind, files, config, checkpoint, binder));
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
