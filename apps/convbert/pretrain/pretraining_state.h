// What a run of pre-training has come to, in DIR.state while it lasts (train/state_file.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pretrain/texts.h"
#include "train/last_good.h"
#include "train/loss_curve.h"
#include "train/pre_training.h"

namespace convbert::app {

// What the model was worth on held-out sequences.
struct Measurement {
  std::int64_t step;
  std::int64_t tokens;  // learnt from so far
  double flops;         // likewise
  PreTrainingFigures figures;
};

struct PretrainingRun {
  std::int64_t steps = 0;
  TextsPlace place{};
  std::int64_t tokens = 0;
  double flops = 0;
  LossCurve curve{};
  std::vector<Measurement> measurements{};
  std::int64_t log_bytes = 0;  // of --log, that belong to these steps
  // The step at which the loss was no number any more; of a run that has ended.
  std::optional<std::int64_t> diverged_at{};
};

// digest: of all that the run depends on. Throws Error(system).
void save_pretraining(const std::string& path, const std::string& digest, const PretrainingRun& run,
                      PreTraining& training, const LastGood<PretrainingRun>& good);
// Fills `training` and `good`; nothing where there is no such file. Throws Error(usage) for one of
// another run, Error(format) for one that is damaged.
std::optional<PretrainingRun> load_pretraining(const std::string& path, const std::string& digest,
                                               std::int64_t all_steps, PreTraining& training,
                                               LastGood<PretrainingRun>& good);

// The model after a checkpoint's step, beside the state while the run lasts.
std::string checkpoint_path(const std::string& state_path, std::int64_t step);

}  // namespace convbert::app
