// What a run of training has beside its directory while it lasts.
#pragma once

#include <optional>
#include <string>

#include "cli/console.h"
#include "io/output_file.h"

namespace convbert::app {

std::string state_path_of(const std::string& directory);

// Is the directory there, and nothing left to do for --resume? Says so.
bool has_finished(const std::string& directory, Console& console);

// The log that a run has left which was killed behind its model; none without a name.
std::optional<OutputFile> left_log(const std::string& path);

// Behind the model, which makes a run a finished one: what is left of it.
void clear_up(std::optional<OutputFile> log, const std::string& state_path);

}  // namespace convbert::app
