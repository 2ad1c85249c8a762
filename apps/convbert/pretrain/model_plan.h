// The models of a run and their files, as the configuration and the vocabulary say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

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
  std::int64_t outputs;     // of the head
  std::string config_text;  // config.json, with every key
};

struct ModelPlan {
  NewModel described;  // with the request's rate of dropout
  PlannedModel model;
  std::optional<PlannedModel> generator;
};

// Throws Error(usage) or Error(format) naming the file and the key, or the flag.
ModelPlan plan_models(const PretrainRequest& request);

// Of a tokenizer that has the special tokens, as plan_models() sees to.
PackingOptions packing_of(const PretrainRequest& request, const Tokenizer& tokenizer);
MaskingVocabulary masking_vocabulary(const ModelPlan& plan, const Tokenizer& tokenizer);

// With new weights.
LearningModel make_model(const PlannedModel& planned, const ModelSettings& settings,
                         const PretrainRequest& request, std::uint64_t seed);

// config.json and the tokenizer's files, in a folder ("" or "folder/").
void write_description(const ModelPlan& plan, const PlannedModel& model, const std::string& folder,
                       OutputDirectory& directory);

}  // namespace convbert::app
