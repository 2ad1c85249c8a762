// `convbert evaluate`: how good a model is on labelled records.
#pragma once

#include "cli/command.h"

namespace convbert::app {

void add_evaluate_command(CLI::App& app, const Choose& choose);

}  // namespace convbert::app
