// The models of a run and their files: new ones, as a configuration and a vocabulary say, or those
// of a model to go on from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "api/open_model.h"
#include "cli/console.h"
#include "core/model_files.h"
#include "io/output_directory.h"
#include "pretrain/request.h"
#include "text/tokenizer.h"
#include "train/masking.h"
#include "train/new_model.h"
#include "train/pre_training.h"

namespace convbert::app {

struct PlannedModel {
  ModelConfig config;
  const HeadForm* head;
  std::int64_t outputs;               // of the head
  std::string config_text;            // config.json, with every key
  std::optional<ModelFiles> files{};  // with the weights to begin with; none: new ones
};

struct ModelPlan {
  std::string origin;                 // the file or the model that messages name
  std::optional<NewModel> described;  // of a new model
  std::optional<ModelSource> base;    // of one to go on from
  ModelSettings settings;             // with the request's rate of dropout
  PlannedModel model;
  std::optional<PlannedModel> generator;
};

// Throws Error(usage) or Error(format) naming the file and the key, or the flag.
ModelPlan plan_models(const PretrainRequest& request);

// That of the plan, which has the special tokens that masking and packing need. Throws as
// open_tokenizer() of api/open_model.h; Error(usage) for one without them, or that would not be
// the same in the new directory; Error(format) for one with more tokens than the model embeds.
Tokenizer open_tokenizer(const ModelPlan& plan);
PackingOptions packing_of(const PretrainRequest& request, const Tokenizer& tokenizer);
MaskingVocabulary masking_vocabulary(const ModelPlan& plan, const Tokenizer& tokenizer);

// Weights as the plan says. Of a model to go on from without the head that the objective needs,
// that is new, as the console is told. Throws Error(format) where tensors are missing.
LearningModel make_model(const ModelPlan& plan, const PlannedModel& planned,
                         const PretrainRequest& request, std::uint64_t seed, Console& console);

// config.json and the tokenizer's files, in a folder ("" or "folder/").
void write_description(const ModelPlan& plan, const PlannedModel& model, const std::string& folder,
                       OutputDirectory& directory);

}  // namespace convbert::app
