// The head that a run trains, and the parameters that it begins with.
#pragma once

#include <cstdint>
#include <optional>

#include "model/config.h"
#include "model/head_form.h"
#include "model/load.h"
#include "train/label_plan.h"
#include "train/parameters.h"
#include "train/request.h"

namespace convbert::app {

struct HeadPlan {
  const HeadForm* form = nullptr;    // null: none, vectors are learnt
  std::optional<Pooling> pooling{};  // of the vector that it reads; none: the form of the family
  bool is_new = false;               // else the model's own, which knows these labels, goes on
};
// Throws Error(format) where the checkpoint is none.
HeadPlan plan_head(const TrainRequest& request, const LabelPlan& labels, const ModelSource& source,
                   const ModelConfig& config);

// The encoder's and the head's; a new head's are drawn by the seed. One of values gives them in
// the units of `labels`.
Parameters open_parameters(const ModelSource& source, const ModelConfig& config,
                           const LabelPlan& labels, const HeadPlan& head, std::uint64_t seed);

}  // namespace convbert::app
