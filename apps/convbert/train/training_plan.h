// The settings that a run of training has in the end: what was asked for, the rest by rules.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/config.h"
#include "train/fine_tuning.h"
#include "train/head_plan.h"
#include "train/label_plan.h"
#include "train/request.h"

namespace convbert::app {

struct TrainingPlan {
  HeadPlan head;
  FineTuningOptions tuning;
  TrainedModelOptions model;
  // Of a head on the text's vector that few records are learnt by: after the run it learns once
  // more, alone, from the vectors as they have become (as SetFit does, Tunstall et al. 2022).
  std::optional<FineTuningOptions> head_afterwards;
  std::string metric;  // that decides between epochs
};

// examples: to learn from.
// Throws Error(usage) naming the flag that does not fit the task or the model.
TrainingPlan plan_training(const TrainRequest& request, const LabelPlan& labels,
                           const ModelSource& source, const ModelConfig& config,
                           const Examples& examples);

// The rules, for the log and the card: defaults that work without tuning.
//
// Learning rate: 3e-4 at a width of 256, falling with the width as 1 / width; 1e-2 for a head
// alone. Epochs: so many that about 60,000 records are seen, from 3 to 20; where a new head
// is learnt from few records, as many as make 300 steps, up to 150. A head alone sees 1,000,000
// records, in 10 to 100 epochs, and drops nothing. Contrast: 1 of classes that are learnt from few
// records.
//
// Few records, and a new head on the text's vector: a contrast of 100, at a quarter of the learning
// rate, over as many epochs as make 100 steps and at least as many as else; then the head alone.
double default_learning_rate(const ModelConfig& config, bool head_alone);
struct Learning {
  std::int64_t examples;  // at least 1
  std::int64_t batch_size;
  bool encoder;                // is it trained?
  bool head;                   // likewise
  bool new_head;               // does it begin with nothing?
  bool draws_vectors = false;  // together and apart, by the labels, those that the head reads

  bool are_few() const { return encoder && head && examples <= kFewExamples; }
  static constexpr std::int64_t kFewExamples = 1000;
};
std::int64_t default_epochs(const Learning& learning);
float default_contrast(const Learning& learning);

}  // namespace convbert::app
