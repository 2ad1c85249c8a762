#include "cli/request.h"

#include <unistd.h>

#include <algorithm>
#include <set>

#include "cli/flags.h"
#include "cli/usage_error.h"
#include "core/numbers.h"
#include "core/threads.h"
#include "io/output_file.h"

namespace convbert::app {
namespace {

// "I/N"; "" for the whole.
Shard parse_shard(const std::string& text) {
  if (text.empty()) return {};
  const std::size_t slash = text.find('/');
  const auto index = parse_number<std::int64_t>(std::string_view(text).substr(0, slash));
  const auto count = slash == std::string::npos
                         ? std::nullopt
                         : parse_number<std::int64_t>(std::string_view(text).substr(slash + 1));
  if (!index || !count || *count < 1 || *index < 0 || *index >= *count) {
    usage_error("--shard: expected I/N with I from 0 to N-1, found \"", text, "\"");
  }
  return {*index, *count};
}

RecordFields fields_of(const InputFlags& flags) {
  RecordFields fields;
  fields.text = flags.text_field.value_or(fields.text);
  fields.pair = flags.pair_field.value_or(fields.pair);
  fields.pair_required = flags.pair_field && !flags.pair_field->empty();
  fields.id = flags.id_field.value_or(fields.id);
  fields.names = {.text = "--text-field",
                  .pair = "--pair-field",
                  .delimiter = "--delimiter",
                  .format = "--input-format",
                  .texts_on_the_spot = flags.takes_texts ? "--text" : ""};
  fields.id_is_named = flags.id_field.has_value();
  fields.are_named = flags.text_field || fields.pair_required || fields.id_is_named;
  if (fields.text.empty()) usage_error("--text-field: expected a name");
  if (fields.id.empty()) usage_error("--id-field: expected a name");
  return fields;
}

std::optional<char> parse_delimiter(const InputFlags& flags) {
  const std::string& text = flags.delimiter;
  if (text.empty()) return std::nullopt;
  if (flags.format != "auto" && flags.format != "csv" && flags.format != "tsv") {
    usage_error("--delimiter is for csv and tsv; found --input-format ", flags.format);
  }
  if (text == "\\t") return '\t';
  const bool is_one = text.size() == 1 && static_cast<unsigned char>(text[0]) < 0x80;
  if (!is_one || text[0] == '"' || text[0] == '\r' || text[0] == '\n') {
    usage_error("--delimiter: expected one ASCII character or \\t, and no quote, found \"",
                printable(text, 40), "\"");
  }
  return text[0];
}

InputRequest make_request(const InputFlags& flags) {
  if (!flags.texts.empty() && !flags.paths.empty()) {
    usage_error("--text and files exclude each other; found ", flags.paths.front());
  }
  if (!flags.pairs.empty() && flags.pairs.size() != flags.texts.size()) {
    usage_error("--text-pair: expected one for each --text, found ", flags.pairs.size(), " for ",
                flags.texts.size());
  }
  if (std::ranges::count(flags.paths, "-") > 1) {
    usage_error("-: standard input can be read only once");
  }
  return {.given = {.texts = flags.texts, .pairs = flags.pairs},
          .source = {.paths = flags.paths,
                     .format = *input_format_from_name(flags.format),
                     .delimiter = parse_delimiter(flags),
                     .fields = fields_of(flags),
                     .shard = parse_shard(flags.shard)}};
}

void check_resume(const OutputRequest& output, std::span<const Format> formats) {
  if (output.path.empty()) {
    usage_error("--resume needs -o: without it there is no file to go on with");
  }
  if (!info_of(output.format).is_resumable) {
    std::vector<Format> resumable(formats.begin(), formats.end());
    std::erase_if(resumable, [](Format offered) { return !info_of(offered).is_resumable; });
    usage_error("--resume: expected --format ", list_of(names_of(resumable)), ", found ",
                name_of(output.format));
  }
  if (output.compression != Compression::none) {
    usage_error("--resume: a file that is compressed as it is written cannot be gone on with; ",
                "expected -o FILE without .gz or .zst, found ", printable(output.path));
  }
}

// Who asks for no format at a terminal sees texts on the spot as a table.
OutputFlags with_format_for_terminal(OutputFlags output, const InputFlags& input,
                                     std::span<const Format> formats) {
  const bool has_table = std::ranges::find(formats, Format::table) != formats.end();
  if (has_table && !input.texts.empty() && leaves_format_to_terminal(output)) {
    output.format = name_of(Format::table);
  }
  return output;
}

OutputRequest make_request(const OutputFlags& flags, std::span<const Format> formats) {
  OutputRequest output{.path = output_path(flags),
                       .format = chosen_format(flags, formats),
                       .compression = compression_of(flags.path),
                       .only_result = flags.only_result,
                       .result_prefix = flags.result_prefix,
                       .strict = flags.strict,
                       .resume = flags.resume};
  output.is_resumable = !output.path.empty() && info_of(output.format).is_resumable &&
                        output.compression == Compression::none;
  if (output.resume) check_resume(output, formats);
  return output;
}

TruncationRequest make_request(const TruncationFlags& flags) {
  if (flags.max_length && *flags.max_length < 0) {
    usage_error("--max-length: expected a positive number, found ", *flags.max_length);
  }
  return {flags.max_length, *truncation_from_name(flags.strategy)};
}

}  // namespace

RecordRequest make_request(const RecordFlags& flags, std::span<const Format> formats) {
  const OutputFlags output = with_format_for_terminal(flags.output, flags.input, formats);
  check_apart({output_files(output)}, {input_files(flags.input)});
  RecordRequest request{.input = make_request(flags.input),
                        .output = make_request(output, formats),
                        .model = make_request(flags.model),
                        .truncation = make_request(flags.truncation)};
  if (flags.command != nullptr) request.output.options = options_of_results(*flags.command);
  return request;
}

ModelRequest make_request(const ModelFlags& flags) {
  return {.model = flags.model,
          .threads = flags.threads > 0 ? flags.threads : available_processors(),
          .precision = nn::precision_from_name(flags.precision).value_or(nn::Precision::f32),
          .max_batch_tokens = flags.max_batch_tokens};
}

std::string output_path(const OutputFlags& flags) { return flags.path == "-" ? "" : flags.path; }

NamedFiles output_files(const OutputFlags& flags) {
  const std::string path = output_path(flags);
  if (path.empty()) return {"-o", {"-"}};
  return {"-o", {path, OutputFile::partial_path(path)}};
}

NamedFiles input_files(const InputFlags& flags) {
  NamedFiles files{"INPUT", flags.paths};
  if (flags.paths.empty() && flags.texts.empty()) files.paths.emplace_back("-");
  return files;
}

bool goes_to_terminal(const std::string& path) {
  return path.empty() && ::isatty(STDOUT_FILENO) == 1;
}

bool leaves_format_to_terminal(const OutputFlags& flags) {
  return !flags.format && goes_to_terminal(output_path(flags));
}

Format chosen_format(const OutputFlags& flags, std::span<const Format> formats) {
  if (flags.format) return *format_from_name(*flags.format, formats);
  return format_from_path(output_path(flags), formats);
}

void take_single_texts(InputRequest& input, const std::string& reason) {
  if (input.source.fields.pair_required) usage_error("--pair-field: ", reason);
  input.source.fields.pair.clear();
}

std::string name_of_files(const std::vector<std::string>& paths) {
  const std::string first = printable(paths.front());
  return paths.size() == 1 ? first : concat(first, " and ", paths.size() - 1, " more");
}

std::string name_of_first(const InputRequest& input) {
  const auto& paths = input.source.paths;
  return paths.empty() || paths.front() == "-" ? "standard input" : printable(paths.front());
}

void refuse_terminal(const OutputRequest& output) {
  if (info_of(output.format).is_for_programs && goes_to_terminal(output.path)) {
    usage_error("--format ", name_of(output.format), " is nothing for a terminal: expected ",
                "-o FILE, or standard output in a pipe or a file");
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
    const auto first = parse_number<std::int64_t>(std::string_view(part).substr(0, dash));
    const auto last = dash == std::string::npos
                          ? first
                          : parse_number<std::int64_t>(std::string_view(part).substr(dash + 1));
    if (!first || !last || *first < 0 || *last < *first || *last >= count) {
      usage_error(flag, ": expected numbers from 0 to ", count - 1,
                  " and ranges like 1-3, found \"", printable(text, 40), "\"");
    }
    for (std::int64_t index = *first; index <= *last; ++index) {
      if (seen.insert(index).second) indices.push_back(index);
    }
    begin = end + 1;
  }
  return indices;
}

}  // namespace convbert::app
