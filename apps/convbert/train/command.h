// `convbert train`: a model of one's own from labelled records.
#pragma once

#include "cli/command.h"

namespace convbert::app {

void add_train_command(CLI::App& app, const Choose& choose);

}  // namespace convbert::app
