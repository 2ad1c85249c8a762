// What `convbert train` is asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/request.h"
#include "model/pooling.h"
#include "train/learning_flags.h"
#include "train/learning_task.h"
#include "train/optimizer.h"

namespace convbert::app {

struct TrainFlags : LearningFlags {
  std::vector<std::string> dev;
  std::string task = "auto";
  std::optional<std::string> label_field;
  std::string scale;
  std::string metric;
  std::optional<std::int64_t> epochs;
  std::int64_t batch_size = 32;
  std::optional<double> learning_rate;
  std::optional<double> head_rate;
  double layer_decay = 1.0;
  double label_smoothing = 0.0;
  std::string class_weights = "none";
  std::optional<double> contrast;
  std::string pooling;
  double relational = 0.0;
  std::optional<double> label_weight;
  std::string freeze;
  std::int64_t patience = 0;
  std::int64_t max_steps = 0;
  std::string report;
};
void add_train_flags(CLI::App& command, TrainFlags& flags);

// What stays as it is.
struct FreezeRequest {
  bool encoder = false;  // all but the head
  bool embeddings = false;
  std::int64_t layers = 0;  // from below
};

struct ValueRange {
  double low;
  double high;
};

struct TrainRequest {
  RecordRequest record;  // whose output is of no use
  InputRequest dev;      // no paths: none
  std::string directory;
  std::optional<LearningTask> task;  // none: by the labels
  std::optional<std::string> label_field;
  std::optional<ValueRange> scale;  // of the values of similarity
  std::string metric;               // "": the task's own
  std::optional<std::int64_t> epochs;
  std::int64_t batch_size;
  std::optional<double> learning_rate;
  std::optional<double> head_rate;  // likewise, of the head
  double warmup;
  Schedule schedule;
  double weight_decay;
  double layer_decay;
  double clip;
  std::optional<float> dropout;  // instead of the model's own
  float label_smoothing;
  bool has_balanced_classes;
  std::optional<float> contrast;   // of cosines between texts with their labels
  std::optional<Pooling> pooling;  // of the vector that a head reads; none: a head of the family
  float relational;                // of distill: what cosines between texts count
  float label_weight;              // likewise, what labels do
  FreezeRequest freeze;
  std::int64_t patience;   // epochs without a better one; 0 for any number
  std::int64_t max_steps;  // 0: no limit
  std::uint64_t seed;
  std::int64_t save_every;  // steps
  bool resume;
  std::string log;     // "": none
  std::string report;  // likewise

  bool has_dev() const { return !dev.source.paths.empty(); }
};
// Throws Error(usage) naming the flag.
TrainRequest make_request(const TrainFlags& flags);

}  // namespace convbert::app
