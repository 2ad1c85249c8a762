// What was done and measured, in the model's directory: for programs and for people.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "evaluate/report.h"
#include "train/label_plan.h"
#include "train/request.h"
#include "train/training_plan.h"
#include "train/training_state.h"

namespace convbert::app {

// Of a run that learns from the vectors of another model.
struct TeacherRecord {
  std::string file;
  std::string dev_file;   // "": none
  std::string word_file;  // of the tokens, that embeddings began with; "": none
  std::int64_t width;
  std::optional<double> kept;  // of the squares of its vectors, where they were reduced
  // Mean cosine of what is learnt to the student's own vectors before, where it was turned to them.
  std::optional<double> turned;
  double relational;
  std::int64_t labelled = 0;  // texts that have a label
  double label_weight = 0.0;
};

struct TrainingRecord {
  const TrainRequest& request;
  const TrainingPlan& plan;
  const LabelPlan& labels;
  const std::string& base;  // the model that training began with
  const LabelledSet& train;
  const LabelledSet* dev;  // null for none
  std::int64_t bad_records;
  std::int64_t steps_of_epoch;
  const TrainingRun& run;
  const std::optional<Report>& report;  // on dev, of what was kept
  const std::optional<TeacherRecord>& teacher;
};

// training.json. Nothing of it depends on threads or time.
std::string training_json(const TrainingRecord& record);
// README.md, the model card.
std::string model_card(const TrainingRecord& record);

}  // namespace convbert::app
