// `bench`: how fast this machine runs a model.
#pragma once

#include "cli/command.h"

namespace convbert::app {

void add_bench_command(CLI::App& app, const Choose& choose);

}  // namespace convbert::app
