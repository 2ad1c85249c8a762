#include "cli/flags.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <set>
#include <utility>

#include "core/error.h"
#include "io/record_reader.h"

namespace convbert::app {
namespace {

constexpr const char* kOutputGroup = "Output";
constexpr const char* kModelGroup = "Model";

constexpr const char* kInputGroup = "Input";

void add_input_files(CLI::App& command, InputFlags& input) {
  FlagGroup(command, kInputGroup)
      .add_argument("INPUT", input.paths,
                    "Files to read, gzip or zstd or plain; - or nothing for standard input");
}

void add_texts_on_the_spot(CLI::App& command, InputFlags& input) {
  input.takes_texts = true;
  FlagGroup group(command, kInputGroup);
  group
      .add("-t,--text", input.texts, "TEXT", "A text to work on, instead of files; can be repeated")
      .one_value();
  group.add("--text-pair", input.pairs, "TEXT", "The second text of each --text, in order")
      .one_value();
}

// How records lie in files.
void add_layout_flags(CLI::App& command, InputFlags& input) {
  const RecordFields fields;
  FlagGroup group(command, kInputGroup);
  group
      .add_choice(
          "--input-format", input.format, {"auto", "text", "jsonl", "json", "tsv", "csv"}, "FORMAT",
          "auto (by extension, or on standard input JSONL if it begins with {, an array "
          "of objects with [), text (one record a line), jsonl, json (an array of objects), "
          "tsv (no quoting) or csv")
      .with_default();
  group.add("--delimiter", input.delimiter, "C",
            "What stands between the columns of csv and tsv: one character, or \\t for a tab; "
            "default: a comma, a tab");
  group.add("--text-field", input.text_field, "NAME", "Field or column of the text")
      .with_default(fields.text);
  group
      .add("--pair-field", input.pair_field, "NAME",
           "Field or column of the second text; asked for, every record must have it; '' for none")
      .with_default(fields.pair);
  group.add("--id-field", input.id_field, "NAME", "Field or column of the record's id")
      .with_default(fields.id);
  group.add("--shard", input.shard, "I/N",
            "Take records I, I+N, I+2N, ... of the input, from 0; ids stay those of the whole");
}

// What a person at a terminal sees of texts on the spot; "" for what other outputs have.
std::string format_at_terminal(std::span<const Format> formats) {
  for (const Format format : {Format::terminal, Format::table}) {
    if (std::ranges::find(formats, format) != formats.end()) {
      return concat("; ", name_of(format), " for texts given with -t at a terminal");
    }
  }
  return "";
}

void add_format_flag(FlagGroup& group, OutputFlags& output, std::span<const Format> formats,
                     const std::string& at_terminal = "") {
  const std::vector<std::string> names = names_of(formats);
  group.add_choice(
      "-f,--format", output.format, names, "FORMAT",
      concat("One of: ", list_of(names, ", "), "; default: what -o FILE ends with, else ",
             names.front(), at_terminal, "; an ending that none has is refused"));
}

void add_strict_flag(FlagGroup& group, OutputFlags& output) {
  group.add_flag("--strict", output.strict, "Stop at the first bad record, exit status 1");
}

void add_output_flags(CLI::App& command, OutputFlags& output, std::span<const Format> formats) {
  FlagGroup group(command, kOutputGroup);
  add_output_flag(command, output.path);
  add_format_flag(group, output, formats, format_at_terminal(formats));
  group.add_flag("--only-result", output.only_result, "Leave the input's fields out, save the id");
  group.add("--result-prefix", output.result_prefix, "TEXT",
            "Put this before the name of every result, so that none replaces a field of the input");
  add_strict_flag(group, output);
  group.add_flag("--resume", output.resume,
                 "Go on with FILE.partial of an interrupted run of the same command (needs -o)");
}

void add_model_flags(CLI::App& command, RecordFlags& flags) {
  FlagGroup group(command, kModelGroup);
  group.add("--max-length", flags.truncation.max_length, "N",
            "Cut texts to so many tokens, special tokens included; default: the model's limit");
  group
      .add_choice("--truncation", flags.truncation.strategy,
                  {"longest_first", "only_first", "only_second", "error"}, "STRATEGY",
                  "What to cut: longest_first, only_first, only_second, or error to cut nothing "
                  "and fail the record")
      .with_default();
  add_model_flag(command, flags.model);
  group.add("--threads", flags.model.threads, "N", "Compute threads; 0 for one a processor")
      .within(0, 1024);
}

}  // namespace

void add_record_flags(CLI::App& command, RecordFlags& flags, std::span<const Format> formats) {
  flags.command = &command;
  add_input_files(command, flags.input);
  add_texts_on_the_spot(command, flags.input);
  add_layout_flags(command, flags.input);
  add_output_flags(command, flags.output, formats);
  add_model_flags(command, flags);
}

void add_report_flags(CLI::App& command, RecordFlags& flags, std::span<const Format> formats) {
  flags.command = &command;
  add_input_files(command, flags.input);
  add_layout_flags(command, flags.input);
  FlagGroup output(command, kOutputGroup);
  add_output_flag(command, flags.output.path);
  add_format_flag(output, flags.output, formats);
  add_strict_flag(output, flags.output);
  add_model_flags(command, flags);
}

void add_labelled_input_flags(CLI::App& command, RecordFlags& flags) {
  flags.command = &command;
  add_input_files(command, flags.input);
  add_layout_flags(command, flags.input);
  add_model_flags(command, flags);
}

void add_encoder_flags(CLI::App& command, ModelFlags& flags) {
  FlagGroup(command, kModelGroup)
      .add("--max-batch-tokens", flags.max_batch_tokens, "N",
           "Tokens computed together; changes speed and memory, never a result; 0 for auto")
      .within(0, 1 << 20);
  add_precision_flag(command, flags);
}

std::vector<std::string> options_of_results(const CLI::App& command) {
  // The format is known from the request, however it was asked for.
  static const std::set<std::string> kLeftOut{"INPUT",        "--text",
                                              "--text-pair",  "--output",
                                              "--format",     "--resume",
                                              "--strict",     "--model",
                                              "--threads",    "--max-batch-tokens",
                                              "--quiet",      "--verbose",
                                              "--color",      "--help",
                                              "--dev",        "--log",
                                              "--report",     "--save-every",
                                              "--config",     "--vocab",
                                              "--held-out",   "--teacher-vectors",
                                              "--dev-vectors"};
  std::vector<std::string> options;
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() == 0 || kLeftOut.contains(option->get_name())) continue;
    std::string text = option->get_name();
    const char* between = "=";
    for (const std::string& value : option->results()) {
      text += std::exchange(between, ",") + value;
    }
    options.push_back(std::move(text));
  }
  std::ranges::sort(options);
  options.insert(options.begin(), command.get_name());
  return options;
}

Flag add_model_flag(CLI::App& command, ModelFlags& flags) {
  return FlagGroup(command, kModelGroup)
      .add("-m,--model", flags.model, "MODEL",
           "Checkpoint directory, name in the local Hugging Face cache, or embedded model; "
           "default: $CONVBERT_MODEL, else the embedded convbert-mini")
      .not_empty();
}

Flag add_precision_flag(CLI::App& command, ModelFlags& flags) {
  return FlagGroup(command, kModelGroup)
      .add_choice("--precision", flags.precision, {"auto", "f32", "bf16", "int8"}, "TYPE",
                  "Of matrix products: f32, or bf16 or int8, which are faster on CPUs that have "
                  "them and change results slightly; auto is f32")
      .with_default();
}

Flag add_output_flag(CLI::App& command, std::string& path) {
  return FlagGroup(command, kOutputGroup)
      .add("-o,--output", path, "FILE",
           "Write here instead of standard output; the file appears when it is complete, "
           "compressed where its name ends in .gz or .zst")
      .not_empty();
}

void add_offsets_flag(FlagGroup& group, std::string& unit) {
  group
      .add_choice("--offsets", unit, {"codepoint", "byte", "utf16"}, "UNIT",
                  "What offsets count: codepoint, as Python does; byte of the UTF-8; utf16 units, "
                  "as JavaScript and Java do")
      .with_default();
}

Flag add_window_flag(FlagGroup& group, std::optional<std::int64_t>& overlap) {
  return group
      .add("--stride", overlap, "N",
           "Read a text too long for the model in windows that share N tokens, instead of cutting")
      .within(0, 1 << 20);
}

void add_console_flags(CLI::App& command, ConsoleOptions& options) {
  FlagGroup group(command, "Messages");
  const Flag quiet = group.add_flag("-q,--quiet", options.quiet, "Errors only");
  group.add_flag("-v,--verbose", options.verbose, "Say what is loaded and used").excludes(quiet);
  command
      .add_option_function<std::string>(
          "--color",
          [&options](const std::string& when) {
            options.color = color_choice_from_name(when).value_or(ColorChoice::automatic);
          },
          "auto (on a terminal, unless NO_COLOR is set), always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->default_str("auto")
      ->group("Messages")
      ->type_name("WHEN");
}

}  // namespace convbert::app
