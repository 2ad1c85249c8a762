// `convbert distill`: sentence vectors learnt from those of another model.
#pragma once

#include "cli/command.h"

namespace convbert::app {

void add_distill_command(CLI::App& app, const Choose& choose);

}  // namespace convbert::app
