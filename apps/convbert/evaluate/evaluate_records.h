// Labelled records through a model.
#pragma once

#include <memory>
#include <string>

#include "cli/request.h"
#include "evaluate/task.h"
#include "run/loaded_model.h"
#include "run/record_command.h"

namespace convbert::app {

struct EvaluateRequest {
  RecordRequest record;
  Task task = Task::classify;
  std::string label_field{};
  float threshold = 0.5F;  // from which a label of several counts
};

// The model must have the head of the task; the request must outlive the command. The output is one
// report; where no record can be used, the run throws Error(usage) instead.
std::unique_ptr<RecordCommand> make_evaluate_command(const EvaluateRequest& request,
                                                     LoadedModel loaded);

}  // namespace convbert::app
