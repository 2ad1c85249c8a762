// What a run of training has beside its directory while it lasts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/console.h"
#include "core/json.h"
#include "io/output_file.h"

namespace convbert::app {

std::string state_path_of(const std::string& directory);

// What the directory's training.json says of the command: its options, those of files apart.
OrderedJson command_json(const std::vector<std::string>& options);

// Has a run of the same command made the directory, so that nothing is left to do for --resume?
// Says so. Throws Error(usage) where one with other options has; anything else that has the name
// is OutputDirectory's to refuse.
bool has_finished(const std::string& directory, const std::vector<std::string>& options,
                  Console& console);

// The log that a run has left which was killed behind its model; none without a name.
std::optional<OutputFile> left_log(const std::string& path);

// Behind the model, which makes a run a finished one: what is left of it.
void clear_up(std::optional<OutputFile> log, const std::string& state_path);

}  // namespace convbert::app
