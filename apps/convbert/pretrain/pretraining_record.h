// What was done and measured, in the model's directory: for programs and for people.
#pragma once

#include <cstdint>
#include <string>

#include "pretrain/model_plan.h"
#include "pretrain/pretraining_state.h"

namespace convbert::app {

struct PretrainingRecord {
  const PretrainRequest& request;
  const ModelPlan& plan;
  const Batch& held_out;
  const PretrainingRun& run;
  std::int64_t parameters;   // of the model, without its head
  std::int64_t bad_records;  // held-out ones, too
};

// training.json. Nothing of it depends on threads or time.
std::string pretraining_json(const PretrainingRecord& record);
// README.md, the model card.
std::string pretraining_card(const PretrainingRecord& record);

}  // namespace convbert::app
