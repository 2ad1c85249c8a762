// `attention`: maps, kernels and statistics of heads, as numbers and as pictures.
#pragma once

#include "cli/command.h"

namespace convbert::app {

void add_attention_command(CLI::App& app, const Choose& choose);

}  // namespace convbert::app
