// A model, loaded.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "core/model_files.h"
#include "model/classifier.h"
#include "model/config.h"
#include "model/encoder.h"
#include "model/load.h"
#include "model/sentence_config.h"

namespace convbert {

// Which parts of a model a command needs.
enum class ModelParts {
  encoder,
  encoder_and_classifier,
  everything,  // all that the checkpoint has
};

// Owns the checkpoint's files, which the encoder's embeddings stay in. Const after loading; threads
// may share it.
struct Model {
  std::string origin;  // directory or name, for messages
  ModelConfig config;
  Checkpoint checkpoint;
  std::vector<HeadKind> heads;  // those in the checkpoint
  UnusedTensors unused;         // tensors that no loaded part uses
  Encoder encoder;
  std::optional<SequenceClassifier> classifier;  // as asked for
};

struct LoadOptions {
  ModelParts parts = ModelParts::everything;
  nn::Precision precision = nn::Precision::f32;
  int threads = 1;  // to load with
};

// `files` is the folder of config.json (see SentenceConfig::transformer_folder).
// Throws Error(format), Error(system); Error(usage) when a head is asked for that the model has
// not, naming those that it has.
Model load_model(const ModelFiles& files, const LoadOptions& options);

}  // namespace convbert
