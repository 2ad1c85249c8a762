// Flags that commands share, as parsed and checked.
#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/console.h"
#include "io/record_reader.h"
#include "nn/precision.h"
#include "text/tokenizer.h"

namespace convbert::app {

struct InputOptions {
  std::vector<std::string> paths;
  std::vector<std::string> texts;
  std::vector<std::string> pairs;
  InputFormat format = InputFormat::automatic;
  RecordFields fields;
  Shard shard;
};

struct OutputOptions {
  std::string path;                  // "" is standard output
  std::string format;                // checked against what the command offers
  std::vector<std::string> formats;  // those; the first is the default
  bool has_format = false;           // was one asked for?
  bool only_result = false;
  std::string result_prefix;
  bool strict = false;
  bool resume = false;
};

struct ModelOptions {
  std::string model;             // directory or name; "" is CONVBERT_MODEL or the default
  std::string flag = "--model";  // that it came from
  int threads = 0;               // 0: all processors
  nn::Precision precision = nn::Precision::f32;  // what "auto" is, too
  std::int64_t max_batch_tokens = 0;             // 0: the program's choice
};

struct TruncationOptions {
  std::optional<std::int64_t> max_length;
  Truncation strategy = Truncation::longest_first;
};

// All of it, for a command that works on records.
struct RecordOptions {
  InputOptions input;
  OutputOptions output;
  ModelOptions model;
  TruncationOptions truncation;
  ConsoleOptions console;
};

void add_console_options(CLI::App& app, ConsoleOptions& options);
// `with_compute`: threads, precision and batch size, for commands that run the encoder.
void add_model_options(CLI::App& app, ModelOptions& options, bool with_compute);
// Single flags of these, for commands that have others of their own.
CLI::Option* add_model_option(CLI::App& app, ModelOptions& options);
void add_precision_option(CLI::App& app, ModelOptions& options);
// `formats`: the values of --format, the first being the default.
void add_record_options(CLI::App& app, RecordOptions& options,
                        const std::vector<std::string>& formats);

// What CLI11 cannot see: flags that exclude or need one another, numbers in numbers.
// Throws Error(usage) naming the flag.
void validate(RecordOptions& options);

// Throws Error(usage) where bytes that are no text would go to a terminal.
void refuse_terminal(const OutputOptions& output);

// "0,2", "1-3", "0,4-6": numbers below `count`, each once, in the order given.
// Throws Error(usage) naming `flag`.
std::vector<std::int64_t> parse_index_list(const std::string& text, std::int64_t count,
                                           const std::string& flag);

}  // namespace convbert::app
