// Flags that commands which train have in common, and what they are checked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/flag_group.h"
#include "cli/flags.h"
#include "cli/named_files.h"

namespace convbert::app {

struct LearningFlags {
  RecordFlags record;
  std::string directory;
  double warmup = 0.1;
  std::string schedule = "linear";
  double weight_decay = 0.01;
  double clip = 1.0;
  std::optional<double> dropout;
  std::int64_t seed = 1;
  std::int64_t save_every = 1000;
  bool resume = false;
  std::string log;
};

// In the order of --help, which has others between them.
void add_precision_flag(FlagGroup& group, LearningFlags& flags);
void add_rate_flags(FlagGroup& group, LearningFlags& flags);  // behind --learning-rate
void add_clip_flag(FlagGroup& group, LearningFlags& flags);
void add_resume_flag(FlagGroup& group, LearningFlags& flags);
void add_log_flag(FlagGroup& group, LearningFlags& flags);

// Throw Error(usage) for -, naming the flag.
void check_directory(const LearningFlags& flags);
void check_files(const std::string& flag, const std::vector<std::string>& paths);

}  // namespace convbert::app
