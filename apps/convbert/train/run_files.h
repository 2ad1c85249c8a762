// What a run of training has beside its directory while it lasts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/console.h"
#include "core/json.h"
#include "io/output_file.h"

namespace convbert::app {

// Members of training.json that the exit status follows from.
inline constexpr const char* kBadRecords = "bad_records";
inline constexpr const char* kDivergedAt = "diverged_at_step";

std::string state_path_of(const std::string& directory);

// What the directory's training.json says of the command: its options, those of files apart.
OrderedJson command_json(const std::vector<std::string>& options);

// Has a run of the same command made the directory, so that nothing is left to do for --resume?
// Says so, and gives that run's exit status. Throws Error(usage) where one with other options has;
// anything else that has the name is OutputDirectory's to refuse.
std::optional<int> status_of_finished(const std::string& directory,
                                      const std::vector<std::string>& options, Console& console);

// How a run ends that has written its directory. diverged_at: the step, if it went so.
int exit_status_of(std::int64_t bad_records, std::optional<std::int64_t> diverged_at);

// What a card says of that step; "" where the run did not go so.
std::string divergence_text(std::optional<std::int64_t> diverged_at);

// The state of an unfinished run, where a new one begins without --resume: it is moved to
// DIR.state.old, and the console says so.
void set_aside(const std::string& state_path, Console& console);

// The log that a run has left which was killed behind its model; none without a name.
std::optional<OutputFile> left_log(const std::string& path);

// Behind the model, which makes a run a finished one: what is left of it.
void clear_up(std::optional<OutputFile> log, const std::string& state_path);

}  // namespace convbert::app
