// `convbert pretrain`: a model from text alone.
#pragma once

#include "cli/command.h"

namespace convbert::app {

void add_pretrain_command(CLI::App& app, const Choose& choose);

}  // namespace convbert::app
