// What a run of training has come to, in DIR.state while it lasts: a file in safetensors, of the
// tensors that are trained ("parameter.<name>"), their moments ("mean.", "square."), the best
// epoch's ("best."), and "run", JSON as bytes. It is replaced at once, so that a run can be killed
// at any moment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "train/fine_tuning.h"
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
};

using SavedParameters = FineTuning::SavedParameters;  // of the best epoch

// digest: of all that the run depends on. best: empty for none. Throws Error(system).
void save_state(const std::string& path, const std::string& digest, const TrainingRun& run,
                FineTuning& tuning, const SavedParameters& best);

// Fills `tuning` and `best`; nothing where there is no such file. Throws Error(usage) for one of
// another run, Error(format) for one that is damaged. has_dev: is each epoch measured, and the
// best kept?
std::optional<TrainingRun> load_state(const std::string& path, const std::string& digest,
                                      bool has_dev, FineTuning& tuning, SavedParameters& best);

}  // namespace convbert::app
