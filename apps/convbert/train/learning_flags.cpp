#include "train/learning_flags.h"

#include <algorithm>

#include "cli/usage_error.h"

namespace convbert::app {

void add_precision_flag(FlagGroup& group, LearningFlags& flags) {
  group
      .add_choice("--precision", flags.record.model.precision, {"auto", "f32", "bf16"}, "TYPE",
                  "Of the layers' products; weights, gradients and sums are f32 always; auto is "
                  "f32")
      .with_default();
}

void add_rate_flags(FlagGroup& group, LearningFlags& flags) {
  group.add("--warmup", flags.warmup, "SHARE", "Share of the steps over which it rises")
      .within(0.0, 1.0)
      .with_default();
  group
      .add_choice("--schedule", flags.schedule, {"linear", "cosine", "constant"}, "NAME",
                  "How it falls after that: linear, cosine, or constant")
      .with_default();
  group.add("--weight-decay", flags.weight_decay, "D", "Of AdamW; not of biases and norms")
      .within(0.0, 1.0)
      .with_default();
}

void add_clip_flag(FlagGroup& group, LearningFlags& flags) {
  group.add("--clip", flags.clip, "NORM", "Longest gradient, which is scaled down; 0 for any")
      .within(0.0, 1e6)
      .with_default();
}

void add_resume_flag(FlagGroup& group, LearningFlags& flags) {
  group.add_flag("--resume", flags.resume,
                 "Go on from DIR.state, which an interrupted run of the same command has left");
}

void add_log_flag(FlagGroup& group, LearningFlags& flags) {
  group.add("--log", flags.log, "FILE", "A JSON line for every step and every measurement")
      .not_empty();
}

void check_directory(const LearningFlags& flags) {
  if (flags.directory == "-") usage_error("-o: expected the name of a directory, found -");
  if (flags.log == "-") usage_error("--log: expected the name of a file, found -");
}

void check_files(const std::string& flag, const std::vector<std::string>& paths) {
  if (std::ranges::count(paths, "-") > 0) usage_error(flag, ": expected files, found -");
}

}  // namespace convbert::app
