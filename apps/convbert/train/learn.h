// From data to a model's directory: what commands that train have in common.
#pragma once

#include <optional>
#include <string>

#include "cli/console.h"
#include "core/model_files.h"
#include "io/output_directory.h"
#include "train/bad_records.h"
#include "train/label_plan.h"
#include "train/request.h"
#include "train/training_record.h"

namespace convbert::app {

// What is learnt from and measured with.
struct LearningData {
  LabelPlan plan{};
  LabelledSet train{};
  std::optional<LabelledSet> dev{};
  std::optional<TeacherRecord> teacher{};
  std::string digest{};  // of what the sets do not hold
  int caught = 0;        // signal that ended the reading, or 0: then the rest is not there
};

// Is there nothing left to do for --resume? Then says so, clears up what a killed run has left, and
// gives the exit status of the run that has finished.
std::optional<int> status_if_finished(const TrainRequest& request, Console& console);

// Trains a model that begins with these files and writes its directory. Returns the exit status.
// Throws Error(usage) for settings that do not fit, and as run_training().
int learn(const ModelFiles& top, const TrainRequest& request, const LearningData& data,
          const BadRecords& bad, OutputDirectory& directory, Console& console);

}  // namespace convbert::app
