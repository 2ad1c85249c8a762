// The models of a run and their files, as the configuration and the vocabulary say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "io/output_directory.h"
#include "pretrain/request.h"
#include "text/tokenizer.h"
#include "train/masking.h"
#include "train/model_settings.h"
#include "train/pre_training.h"

namespace convbert::app {

struct PlannedModel {
  ModelConfig config;
  const HeadForm* head;
  std::int64_t outputs;     // of the head
  std::string config_text;  // config.json, with every key
};

struct ModelPlan {
  PlannedModel model;
  std::optional<PlannedModel> generator;
  ModelSettings settings;
  std::string vocab_text;
  std::string tokenizer_text;  // tokenizer_config.json
};

// Throws Error(usage) or Error(format) naming the file and the key, or the flag.
ModelPlan plan_models(const PretrainRequest& request);

Tokenizer open_tokenizer(const ModelPlan& plan);
// Has a token of the vocabulary, its special ones aside, a capital letter of A to Z? Where none
// has, text that is not lower-cased becomes [UNK] word by word.
bool has_capitals(const Tokenizer& tokenizer);
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
