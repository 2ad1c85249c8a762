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

SequenceClassifier load_classifier(const ModelFiles& files, const ModelConfig& config,
                                   const Checkpoint& checkpoint, WeightBinder& binder) {
  const std::int64_t labels = binder.classifier_labels();
  if (!config.labels.empty() && static_cast<std::int64_t>(config.labels.size()) != labels) {
    throw Error(ErrorKind::format,
                concat(files.path_of("config.json"), ": \"id2label\" names ", config.labels.size(),
                       " labels, but the head in ", checkpoint.path(), " has ", labels));
  }
  ClassifierWeights weights = classifier_layout(config, labels);
  binder.bind(weights);
  return SequenceClassifier(config, weights);
}

}  // namespace

Model load_model(const ModelFiles& files, const LoadOptions& options) {
  const ModelParts parts = options.parts;
  const ModelConfig config = read_config(files);
  Checkpoint checkpoint = Checkpoint::open(files);
  WeightBinder binder(checkpoint, config);
  EncoderWeights encoder_weights = encoder_layout(config);
  binder.bind(encoder_weights);

  std::optional<SequenceClassifier> classifier;
  const std::vector<HeadKind> heads = binder.heads();
  const bool classifies =
      std::ranges::find(heads, HeadKind::sequence_classification) != heads.end();
  if (parts == ModelParts::encoder_and_classifier && !classifies) {
    throw Error(ErrorKind::usage,
                concat(files.origin(), ": expected a model with a head for sequence ",
                       "classification, found one with ", list(heads)));
  }
  if (parts != ModelParts::encoder && classifies) {
    classifier.emplace(load_classifier(files, config, checkpoint, binder));
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
  return {files.origin(),        config,
          std::move(checkpoint), heads,
          std::move(unused),     std::move(encoder),
          std::move(classifier)};
}

}  // namespace convbert
