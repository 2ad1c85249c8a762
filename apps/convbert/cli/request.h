// What the flags that commands share ask for: checked, and not changed afterwards.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/format.h"
#include "cli/named_files.h"
#include "io/compressors.h"
#include "io/record_reader.h"
#include "nn/precision.h"
#include "text/tokenizer.h"

namespace convbert::app {

struct InputFlags;
struct ModelFlags;
struct OutputFlags;
struct RecordFlags;

struct InputRequest {
  TextsOnTheSpot given;  // where there are any, instead of files
  RecordSourceOptions source;
};

struct OutputRequest {
  std::string path;  // "" is standard output
  Format format = Format::jsonl;
  Compression compression = Compression::none;
  bool only_result = false;
  std::string result_prefix;
  bool strict = false;
  bool resume = false;
  bool is_resumable = false;  // could an interrupted run of this be taken up?
  // What decides what the results are, as it was given: "embed", "--dim=4".
  std::vector<std::string> options{};
};

struct ModelRequest {
  std::string model;             // directory or name; "" is CONVBERT_MODEL or the default
  std::string flag = "--model";  // that it came from
  int threads = 1;
  nn::Precision precision = nn::Precision::f32;
  std::int64_t max_batch_tokens = 0;  // 0: the program's choice
};

struct TruncationRequest {
  std::optional<std::int64_t> max_length;  // not negative
  Truncation strategy = Truncation::longest_first;
};

struct RecordRequest {
  InputRequest input;
  OutputRequest output;
  ModelRequest model;
  TruncationRequest truncation;
};

// `formats`: what the command offers, the first being the default.
// Throws Error(usage) naming the flag: for flags that exclude or need one another, and for values.
RecordRequest make_request(const RecordFlags& flags, std::span<const Format> formats);
ModelRequest make_request(const ModelFlags& flags);

// "" for standard output, which "-" is, too.
std::string output_path(const OutputFlags& flags);

// What is written on the way to the output, and what INPUT reads: for check_apart().
NamedFiles output_files(const OutputFlags& flags);
NamedFiles input_files(const InputFlags& flags);

// Is the output of that name, as output_path() gives it, a terminal?
bool goes_to_terminal(const std::string& path);

// Is it left to the program what a person at a terminal sees: no format is asked for, and the
// output is one?
bool leaves_format_to_terminal(const OutputFlags& flags);

// --format, else what the name of the output ends with, else the first. Throws as
// format_from_path().
Format chosen_format(const OutputFlags& flags, std::span<const Format> formats);

// For a command that has no use for pairs: a record's second text is a field like others.
// Throws Error(usage) with the reason for a pair that is given by a flag.
void take_single_texts(InputRequest& input, const std::string& reason);

// For messages: "a.jsonl", or "a.jsonl and 2 more". paths: at least one.
std::string name_of_files(const std::vector<std::string>& paths);
// The first of them, "standard input" for none and for -.
std::string name_of_first(const InputRequest& input);

// Throws Error(usage) where what no person could read would go to a terminal.
void refuse_terminal(const OutputRequest& output);

// "0,2", "1-3", "0,4-6": numbers below `count`, each once, in the order given.
// Throws Error(usage) naming `flag`.
std::vector<std::int64_t> parse_index_list(const std::string& text, std::int64_t count,
                                           const std::string& flag);

}  // namespace convbert::app
