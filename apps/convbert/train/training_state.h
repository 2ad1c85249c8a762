// What a run of training has come to, in DIR.state while it lasts: a file in safetensors, of the
// tensors that are trained ("parameter.<name>"), their moments ("mean.", "square."), the best
// epoch's ("best.") or what the run falls back on ("good."), and "run", JSON as bytes. It is
// replaced at once, so that a run can be killed at any moment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "train/fine_tuning.h"
#include "train/last_good.h"
#include "train/loss_curve.h"

namespace convbert::app {

// One pass over the data.
struct EpochFigures {
  std::int64_t step;  // the last one
  double loss;        // the mean of its batches
  std::vector<std::pair<std::string, double>> dev{};
};

struct TrainingRun {
  std::int64_t steps = 0;
  double loss_sum = 0;  // of the steps of this epoch
  LossCurve curve{};
  std::vector<EpochFigures> epochs{};
  std::optional<std::size_t> best{};  // of the epochs
  std::int64_t log_bytes = 0;         // of --log, that belong to these steps
  // The step at which the loss was no number any more; of a run that has ended.
  std::optional<std::int64_t> diverged_at{};
};

// What a run may go back to.
struct KeptModels {
  SavedParameters best{};  // the best epoch's; empty: none
  LastGood<TrainingRun> good{};
};

// digest: of all that the run depends on. Throws Error(system).
void save_state(const std::string& path, const std::string& digest, const TrainingRun& run,
                FineTuning& tuning, const KeptModels& kept);

// Fills `tuning` and `kept`; nothing where there is no such file. Throws Error(usage) for one of
// another run, Error(format) for one that is damaged. has_dev: is each epoch measured, and the
// best kept?
std::optional<TrainingRun> load_state(const std::string& path, const std::string& digest,
                                      bool has_dev, FineTuning& tuning, KeptModels& kept);

}  // namespace convbert::app
