// Steps, measurements, savings, and what a person sees of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/console.h"
#include "core/cancel.h"
#include "io/output_file.h"
#include "pretrain/pretraining_state.h"
#include "pretrain/request.h"

namespace convbert::app {

// All of it must outlive the run.
struct PretrainingContext {
  const PretrainRequest& request;
  const Batch& held_out;
  const std::string& digest;
  const std::string& state_path;
  Family family;
  const CancelToken& cancel;
};

struct PretrainingOutcome {
  PretrainingRun run;
  bool is_stopped = false;          // by a signal: then the state is saved
  std::optional<OutputFile> log{};  // to be finished once the model is there
};

// Trains until the end, or a signal. `training` is left with the last parameters; where the loss
// stops being a number, with those of the last saving or checkpoint that a later step has seen a
// loss of. Throws Error(usage) where there is none, and as load_pretraining() and
// save_pretraining().
PretrainingOutcome run_pretraining(const PretrainingContext& context, PreTraining& training,
                                   PretrainingTexts& texts, Console& console);

// The steps after which --checkpoints keeps the model: as far from each other as may be, the last
// one included.
bool is_checkpoint(const PretrainRequest& request, std::int64_t step);

}  // namespace convbert::app
