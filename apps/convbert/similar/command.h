// `convbert similar`.
#pragma once

#include "cli/command.h"

namespace convbert::app {

void add_similar_command(CLI::App& app, const Choose& choose);

}  // namespace convbert::app
