// Epochs and steps, measurements, savings, and what a person sees of them.
#pragma once

#include <optional>
#include <string>

#include "cli/console.h"
#include "io/output_file.h"
#include "train/dev_figures.h"
#include "train/fine_tuning.h"
#include "train/label_plan.h"
#include "train/request.h"
#include "train/training_plan.h"
#include "train/training_state.h"

namespace convbert::app {

// All of it must outlive the run.
struct TrainingContext {
  const TrainRequest& request;
  const TrainingPlan& plan;
  const LabelPlan& labels;
  const LabelledSet* dev;     // null for none
  const std::string& digest;  // of all that the run depends on
  const std::string& state_path;
};

struct TrainingOutcome {
  TrainingRun run;
  int caught = 0;                   // signal that ended it, or 0: then the state is saved
  std::optional<OutputFile> log{};  // to be finished once the model is there
};

// Trains until the end, or a signal. `tuning` is left with the parameters of the best epoch, or of
// the last where nothing was measured; where the loss stops being a number, of the best one, or of
// the last epoch or saving that a later step has seen a loss of. Throws Error(usage) where there is
// none, and as load_state() and save_state().
TrainingOutcome run_training(const TrainingContext& context, FineTuning& tuning, Console& console);

}  // namespace convbert::app
