// A trained model as a directory that this program, transformers and sentence-transformers load.
#pragma once

#include <cstdint>
#include <optional>

#include "api/open_model.h"
#include "io/output_directory.h"
#include "train/label_plan.h"
#include "train/parameters.h"

namespace convbert::app {

struct TrainedModelFiles {
  const ModelSource& source;  // that training began with
  const ModelFiles& top;      // of its directory
  const ModelConfig& config;
  const LabelPlan& plan;
  const Parameters& parameters;
  std::optional<Pooling> pooling_of_head;  // of the vectors that it reads; none: the family's head
  bool keeps_vectors;                      // the encoder is that of `source` still
  std::optional<std::int64_t> max_length;  // that texts were cut to, where one was asked for
};
// config.json, model.safetensors and the tokenizer's files. Of vectors, those of
// sentence-transformers, too; of a head that reads them, as its last Dense module; and of a head on
// an encoder that gives the vectors it gave before.
void write_model(const TrainedModelFiles& model, OutputDirectory& directory);

}  // namespace convbert::app
