// Flags that commands share, as they are given. cli/request.h checks them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/flag_group.h"
#include "cli/format.h"

namespace convbert::app {

struct InputFlags {
  bool takes_texts = false;  // has the command --text?
  std::vector<std::string> paths;
  std::vector<std::string> texts;
  std::vector<std::string> pairs;
  std::string format = "auto";
  std::string delimiter;
  std::optional<std::string> text_field;
  std::optional<std::string> pair_field;
  std::optional<std::string> id_field;
  std::string shard;
};

struct OutputFlags {
  std::string path;
  std::optional<std::string> format;
  bool only_result = false;
  std::string result_prefix;
  bool strict = false;
  bool resume = false;
};

struct ModelFlags {
  std::string model;
  int threads = 0;
  std::string precision = "auto";
  std::int64_t max_batch_tokens = 0;
};

struct TruncationFlags {
  std::optional<std::int64_t> max_length;
  std::string strategy = "longest_first";
};

// All of it, of a command that works on records.
struct RecordFlags {
  InputFlags input;
  OutputFlags output;
  ModelFlags model;
  TruncationFlags truncation;
  const CLI::App* command = nullptr;  // whose flags these are
};

// Input, output, model and threads. `formats`: what --format offers, the first being the default.
void add_record_flags(CLI::App& command, RecordFlags& flags, std::span<const Format> formats);
// The same of a command that reads files and writes one report: no texts on the spot, no fields
// beside the results, no --resume.
void add_report_flags(CLI::App& command, RecordFlags& flags, std::span<const Format> formats);
// The same of a command that learns from files: its output is its own.
void add_labelled_input_flags(CLI::App& command, RecordFlags& flags);
// What a command that runs the encoder has besides: precision and batch size.
void add_encoder_flags(CLI::App& command, ModelFlags& flags);

// "embed", "--dim=4", "--pooling=cls": the command's name and what was given, sorted, save what no
// result depends on, or what is known by its content: input, model.
std::vector<std::string> options_of_results(const CLI::App& command);

// Single flags of these, for commands that have others of their own.
Flag add_model_flag(CLI::App& command, ModelFlags& flags);
Flag add_precision_flag(CLI::App& command, ModelFlags& flags);
Flag add_output_flag(CLI::App& command, std::string& path);

// In a group of the command's own.
void add_offsets_flag(FlagGroup& group, std::string& unit);
Flag add_window_flag(FlagGroup& group, std::optional<std::int64_t>& overlap);

void add_console_flags(CLI::App& command, ConsoleOptions& options);

}  // namespace convbert::app
