// A model, loaded.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "core/model_files.h"
#include "model/config.h"
#include "model/encoder.h"
#include "model/head.h"
#include "model/load.h"
#include "model/sentence_config.h"

namespace convbert {

// Which parts of a model a command needs.
enum class ModelParts {
  encoder,
  encoder_and_head,
  everything,  // all that the checkpoint has
};

// Owns the checkpoint's files, which the encoder's embeddings stay in. Const after loading; threads
// may share it.
struct Model {
  std::string origin;  // directory or name, for messages
  ModelConfig config;
  Checkpoint checkpoint;
  std::vector<HeadKind> head_kinds;  // those in the checkpoint
  UnusedTensors unused;              // tensors that no loaded part uses
  Encoder encoder;
  std::vector<Head> heads;  // as asked for

  // Null for one that has not been loaded.
  const Head* head(HeadKind kind) const;
};

// A classifier of a text's vector, beside the checkpoint: see vector_classifier_form().
struct VectorClassifier {
  ModelFiles files;  // the module's folder
  Pooling pooling;
};

struct LoadOptions {
  ModelParts parts = ModelParts::everything;
  HeadKind head = HeadKind::sequence_classification;  // of ModelParts::encoder_and_head
  nn::Precision precision = nn::Precision::f32;
  int threads = 1;  // to load with
  // The head for sequence classification, unless the checkpoint has one itself.
  std::optional<VectorClassifier> classifier{};
};

// `files` is the folder of config.json (see SentenceConfig::transformer_folder).
// Throws Error(format), Error(system); Error(usage) when a head is asked for that the model has
// not, naming those that it has.
Model load_model(const ModelFiles& files, const LoadOptions& options);

}  // namespace convbert
