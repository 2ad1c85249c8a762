#include "train/learning_flags.h"

#include <algorithm>
#include <filesystem>

#include "cli/usage_error.h"

namespace convbert::app {
namespace {

namespace fs = std::filesystem;

bool are_same(const std::string& a, const std::string& b) {
  if (a.empty() || b.empty() || a == "-" || b == "-") return false;
  std::error_code error;
  if (fs::equivalent(a, b, error)) return true;
  const fs::path first = fs::weakly_canonical(a, error);
  return !error && first == fs::weakly_canonical(b, error) && !error;
}

}  // namespace

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

void check_apart(const std::vector<NamedFiles>& written, const std::vector<NamedFiles>& read) {
  for (auto output = written.begin(); output != written.end(); ++output) {
    const auto check = [&](const NamedFiles& others, const char* what) {
      for (const std::string& path : output->paths) {
        for (const std::string& other : others.paths) {
          if (!are_same(path, other)) continue;
          usage_error(output->flag, ": ", printable(path), " is what ", others.flag, " ", what,
                      "; expected another file");
        }
      }
    };
    for (const NamedFiles& input : read) check(input, "reads");
    for (auto other = written.begin(); other != output; ++other) check(*other, "writes");
  }
}

}  // namespace convbert::app
