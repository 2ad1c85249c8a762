#include "cli/options.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <set>

#include "core/error.h"

namespace convbert::app {
namespace {

constexpr const char* kInputGroup = "Input";
constexpr const char* kOutputGroup = "Output";
constexpr const char* kModelGroup = "Model";
constexpr const char* kConsoleGroup = "Messages";

[[noreturn]] void usage_error(const std::string& message) {
  throw Error(ErrorKind::usage, message);
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

// "I/N"
Shard parse_shard(const std::string& text) {
  const std::size_t slash = text.find('/');
  const auto index = parse_number(std::string_view(text).substr(0, slash));
  const auto count = slash == std::string::npos
                         ? std::nullopt
                         : parse_number(std::string_view(text).substr(slash + 1));
  if (!index || !count || *count < 1 || *index < 0 || *index >= *count) {
    usage_error(concat("--shard: expected I/N with I from 0 to N-1, found \"", text, "\""));
  }
  return {*index, *count};
}

void add_input_options(CLI::App& app, InputOptions& input) {
  app.add_option("INPUT", input.paths,
                 "Files to read, gzip or zstd or plain; - or nothing for standard input")
      ->group(kInputGroup);
  app.add_option("-t,--text", input.texts, "A text to work on, instead of files; can be repeated")
      ->allow_extra_args(false)
      ->group(kInputGroup)
      ->type_name("TEXT");
  app.add_option("--text-pair", input.pairs, "The second text of each --text, in order")
      ->allow_extra_args(false)
      ->group(kInputGroup)
      ->type_name("TEXT");
  app.add_option_function<std::string>(
         "--input-format",
         [&input](const std::string& name) { input.format = *input_format_from_name(name); },
         "auto (by extension, or on standard input JSONL if it begins with {), text (one record a "
         "line), jsonl, tsv (no quoting) or csv")
      ->check(CLI::IsMember({"auto", "text", "jsonl", "tsv", "csv"}).description(""))
      ->default_str("auto")
      ->group(kInputGroup)
      ->type_name("FORMAT");
  app.add_option("--text-field", input.fields.text, "Field or column of the text")
      ->capture_default_str()
      ->group(kInputGroup)
      ->type_name("NAME");
  app.add_option_function<std::string>(
         "--pair-field",
         [&input](const std::string& name) {
           input.fields.pair = name;
           input.fields.pair_required = !name.empty();
         },
         "Field or column of the second text; asked for, every record must have it; '' for none")
      ->default_str("text_pair")
      ->group(kInputGroup)
      ->type_name("NAME");
  app.add_option("--id-field", input.fields.id, "Field or column of the record's id")
      ->capture_default_str()
      ->group(kInputGroup)
      ->type_name("NAME");
  app.add_option_function<std::string>(
         "--shard", [&input](const std::string& text) { input.shard = parse_shard(text); },
         "Take records I, I+N, I+2N, ... of the input, from 0; ids stay those of the whole")
      ->group(kInputGroup)
      ->type_name("I/N");
}

void add_output_options(CLI::App& app, OutputOptions& output,
                        const std::vector<std::string>& formats) {
  output.formats = formats;
  output.format = formats.front();
  app.add_option("-o,--output", output.path,
                 "Write here instead of standard output; the file appears when it is complete")
      ->group(kOutputGroup)
      ->type_name("FILE");
  std::string list;
  for (const std::string& format : formats) list += (list.empty() ? "" : ", ") + format;
  app.add_option_function<std::string>(
         "-f,--format",
         [&output](const std::string& name) {
           output.format = name;
           output.has_format = true;
         },
         concat("One of: ", list, "; default: what -o FILE ends with, else ", formats.front()))
      ->check(CLI::IsMember(formats).description(""))
      ->group(kOutputGroup)
      ->type_name("FORMAT");
  app.add_flag("--only-result", output.only_result, "Leave the input's fields out, save the id")
      ->group(kOutputGroup);
  app.add_option("--result-prefix", output.result_prefix,
                 "Put this before the name of every result, so that none replaces a field of the "
                 "input")
      ->group(kOutputGroup)
      ->type_name("TEXT");
  app.add_flag("--strict", output.strict, "Stop at the first bad record, exit status 1")
      ->group(kOutputGroup);
  app.add_flag("--resume", output.resume,
               "Go on with FILE.partial of an interrupted run of the same command (needs -o)")
      ->group(kOutputGroup);
}

}  // namespace

void add_console_options(CLI::App& app, ConsoleOptions& options) {
  auto* quiet = app.add_flag("-q,--quiet", options.quiet, "Errors only")->group(kConsoleGroup);
  app.add_flag("-v,--verbose", options.verbose, "Say what is loaded and used")
      ->excludes(quiet)
      ->group(kConsoleGroup);
  app.add_option_function<std::string>(
         "--color",
         [&options](const std::string& when) {
           options.color = when == "always"  ? ColorChoice::always
                           : when == "never" ? ColorChoice::never
                                             : ColorChoice::automatic;
         },
         "auto (on a terminal, unless NO_COLOR is set), always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}).description(""))
      ->default_str("auto")
      ->group(kConsoleGroup)
      ->type_name("WHEN");
}

CLI::Option* add_model_option(CLI::App& app, ModelOptions& options) {
  return app
      .add_option("-m,--model", options.model,
                  "Checkpoint directory, name in the local Hugging Face cache, or embedded model; "
                  "default: $CONVBERT_MODEL, else the embedded convbert-mini")
      ->group(kModelGroup)
      ->type_name("MODEL");
}

void add_model_options(CLI::App& app, ModelOptions& options, bool with_compute) {
  add_model_option(app, options);
  app.add_option("--threads", options.threads, "Compute threads; 0 for one a processor")
      ->check(CLI::Range(0, 1024).description(""))
      ->capture_default_str()
      ->group(kModelGroup)
      ->type_name("N");
  if (!with_compute) return;
  app.add_option("--max-batch-tokens", options.max_batch_tokens,
                 "Tokens computed together; changes speed and memory, never a result; 0 for auto")
      ->check(CLI::Range(0, 1 << 20).description(""))
      ->capture_default_str()
      ->group(kModelGroup)
      ->type_name("N");
  add_precision_option(app, options);
}

void add_precision_option(CLI::App& app, ModelOptions& options) {
  app.add_option_function<std::string>(
         "--precision",
         [&options](const std::string& name) {
           options.precision = nn::precision_from_name(name).value_or(nn::Precision::f32);
         },
         "Of matrix products: f32, or bf16 or int8, which are faster on CPUs that have them and "
         "change results slightly; auto is f32")
      ->check(CLI::IsMember({"auto", "f32", "bf16", "int8"}).description(""))
      ->default_str("auto")
      ->group(kModelGroup)
      ->type_name("TYPE");
}

void add_record_options(CLI::App& app, RecordOptions& options,
                        const std::vector<std::string>& formats) {
  add_input_options(app, options.input);
  add_output_options(app, options.output, formats);
  app.add_option("--max-length", options.truncation.max_length,
                 "Cut texts to so many tokens, special tokens included; default: the model's limit")
      ->group(kModelGroup)
      ->type_name("N");
  app.add_option_function<std::string>(
         "--truncation",
         [&options](const std::string& name) {
           options.truncation.strategy = *truncation_from_name(name);
         },
         "What to cut: longest_first, only_first, only_second, or error to cut nothing and fail "
         "the record")
      ->check(
          CLI::IsMember({"longest_first", "only_first", "only_second", "error"}).description(""))
      ->default_str("longest_first")
      ->group(kModelGroup)
      ->type_name("STRATEGY");
  add_console_options(app, options.console);
}

namespace {

// vectors.npy is an npy file, whatever the default; a format that the command has not is not meant.
void take_format_from_path(OutputOptions& output) {
  if (output.has_format) return;
  const std::string extension = std::filesystem::path(output.path).extension().string();
  const std::string name = extension == ".txt" ? "text" : extension.substr(!extension.empty());
  if (std::ranges::find(output.formats, name) != output.formats.end()) output.format = name;
}

}  // namespace

void validate(RecordOptions& options) {
  take_format_from_path(options.output);
  const InputOptions& input = options.input;
  if (!input.texts.empty() && !input.paths.empty()) {
    usage_error(concat("--text and files exclude each other; found ", input.paths.front()));
  }
  if (!input.pairs.empty() && input.pairs.size() != input.texts.size()) {
    usage_error(concat("--text-pair: expected one for each --text, found ", input.pairs.size(),
                       " for ", input.texts.size()));
  }
  if (std::ranges::count(input.paths, "-") > 1) {
    usage_error("-: standard input can be read only once");
  }
  for (const auto& [flag, name] :
       {std::pair("--text-field", input.fields.text), std::pair("--id-field", input.fields.id)}) {
    if (name.empty()) usage_error(concat(flag, ": expected a name"));
  }
  if (options.output.resume && options.output.path.empty()) {
    usage_error("--resume needs -o: without it there is no file to go on with");
  }
  if (options.truncation.max_length && *options.truncation.max_length < 0) {
    usage_error(
        concat("--max-length: expected a positive number, found ", *options.truncation.max_length));
  }
}

void refuse_terminal(const OutputOptions& output) {
  const bool is_binary = output.format == "npy" || output.format == "npz" ||
                         output.format == "png" || output.format == "pdf";
  if (is_binary && output.path.empty() && ::isatty(STDOUT_FILENO) == 1) {
    usage_error(concat("--format ", output.format, " is nothing for a terminal: expected -o FILE, ",
                       "or standard output in a pipe or a file"));
  }
}

std::vector<std::int64_t> parse_index_list(const std::string& text, std::int64_t count,
                                           const std::string& flag) {
  std::vector<std::int64_t> indices;
  std::set<std::int64_t> seen;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    const std::size_t dash = part.find('-');
    const auto first = parse_number(std::string_view(part).substr(0, dash));
    const auto last =
        dash == std::string::npos ? first : parse_number(std::string_view(part).substr(dash + 1));
    if (!first || !last || *first < 0 || *last < *first || *last >= count) {
      usage_error(concat(flag, ": expected numbers from 0 to ", count - 1,
                         " and ranges like 1-3, found \"", printable(text, 40), "\""));
    }
    for (std::int64_t index = *first; index <= *last; ++index) {
      if (seen.insert(index).second) indices.push_back(index);
    }
    begin = end + 1;
  }
  return indices;
}

}  // namespace convbert::app
