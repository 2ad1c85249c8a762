#include <algorithm>
#include <filesystem>
#include <optional>

#include "attention_export.h"
#include "attention_maps.h"
#include "attention_statistics.h"
#include "commands.h"
#include "core/error.h"
#include "model_run.h"
#include "record_command.h"

namespace convbert::app {
namespace {

struct AttentionOptions {
  RecordOptions record;
  std::string layers;  // "" for all
  std::string heads;
  std::string folder;
  std::vector<std::string> maps;  // empty: attention, and conv where the model has it
  bool statistics = false;
  std::optional<std::int64_t> window;
};

std::vector<std::int64_t> select(const std::string& text, std::int64_t count, const char* flag) {
  return parse_index_list(text.empty() ? concat("0-", count - 1) : text, count, flag);
}

std::vector<MapTypeName> map_types(const AttentionOptions& options, const ModelConfig& config) {
  std::vector<MapTypeName> types;
  for (const MapTypeName& type : kMapTypes) {
    const bool asked_for = std::ranges::find(options.maps, type.flag) != options.maps.end();
    const bool is_default = options.maps.empty() && is_of_heads(type.type) &&
                            (type.type == MapType::attention || config.convolution);
    if (asked_for || is_default) types.push_back(type);
  }
  if (std::ranges::any_of(types, [](const MapTypeName& t) { return t.type == MapType::conv; }) &&
      !config.convolution) {
    throw Error(ErrorKind::usage, "--map conv: this model has no convolution");
  }
  if (!options.heads.empty() && std::ranges::none_of(types, is_of_heads, &MapTypeName::type)) {
    throw Error(ErrorKind::usage, "--head: the maps asked for are of whole layers");
  }
  return types;
}

void check_format(const AttentionOptions& options) {
  const std::string& format = options.record.output.format;
  if (!options.statistics && format != "jsonl" && format != "npz") {
    throw Error(ErrorKind::usage,
                concat("--format ", format, " is for --stats; maps have jsonl ", "and npz"));
  }
  if (!options.statistics && options.window) {
    throw Error(ErrorKind::usage, "--window is for --stats");
  }
  if (!options.statistics) return;
  if (!options.maps.empty()) {
    throw Error(ErrorKind::usage, "--stats and --map exclude each other");
  }
  if (format == "npz" || !options.folder.empty()) {
    throw Error(ErrorKind::usage,
                "--stats: expected --format jsonl, tsv or table, and no --out-dir");
  }
  if (options.record.output.resume) {
    throw Error(ErrorKind::usage,
                "--stats and --resume exclude each other: a part of a sum cannot be gone on with");
  }
}

void check_folder(const AttentionOptions& options) {
  if (options.folder.empty()) return;
  if (options.record.output.format != "npz" || !options.record.output.path.empty()) {
    throw Error(ErrorKind::usage, "--out-dir: expected --format npz and no -o");
  }
  std::error_code error;
  std::filesystem::create_directories(options.folder, error);
  if (!std::filesystem::is_directory(options.folder)) {
    throw Error(ErrorKind::system,
                concat(options.folder, ": cannot create the folder: ", error.message()));
  }
}

int run(AttentionOptions& options, Console& console) {
  validate(options.record);
  check_format(options);
  check_folder(options);
  LoadedModel loaded = load_for_records(options.record, ModelParts::encoder, false, console);
  const ModelConfig& config = loaded.model.config;
  MapSelection selection{select(options.layers, config.layers, "--layer"),
                         select(options.heads, config.attention_heads, "--head")};
  if (options.statistics) {
    // Half of a kernel, of models without one that of ConvBERT's usual kernel of 9.
    const std::int64_t kernel = config.convolution ? config.convolution->kernel_size : 9;
    const auto command =
        make_statistics_command(std::move(loaded), std::move(selection),
                                options.window.value_or(kernel / 2), options.record.output.format);
    return run_records(options.record, *command, console);
  }
  std::vector<MapTypeName> types = map_types(options, config);
  const auto command =
      make_export_command(std::move(loaded), std::move(selection), std::move(types),
                          {options.record.output.format, options.folder});
  return run_records(options.record, *command, console);
}

}  // namespace

void add_attention_command(CLI::App& app, const Choose& choose) {
  constexpr const char* kGroup = "Maps";
  auto options = std::make_shared<AttentionOptions>();
  CLI::App* command = app.add_subcommand(
      "attention", "Self-attention maps and convolution kernels of every layer and head");
  add_record_options(*command, options->record, {"jsonl", "npz", "tsv", "table"});
  add_model_options(*command, options->record.model, true);
  command->add_option("--layer", options->layers, "Layers from 0: lists and ranges, as 0,2 or 1-3")
      ->group(kGroup)
      ->type_name("LIST");
  command
      ->add_option("--head", options->heads,
                   "Heads from 0, of the attention and of the convolution alike")
      ->group(kGroup)
      ->type_name("LIST");
  command
      ->add_option("--out-dir", options->folder,
                   "With --format npz: a file for each record, <id>.npz, in this folder")
      ->group(kGroup)
      ->type_name("DIR");
  std::vector<std::string> names;
  for (const MapTypeName& type : kMapTypes) names.emplace_back(type.flag);
  command
      ->add_option("--map", options->maps,
                   "Which maps: attention and conv, of each head (default); mixed, the mean of all "
                   "heads of a layer; rollout, how attention flows through the layers (Abnar and "
                   "Zuidema 2020); attention-rollout, without the convolution")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember(names).description(""))
      ->group(kGroup)
      ->type_name("LIST");
  command
      ->add_flag("--stats", options->statistics,
                 "Instead of maps, what each head does on average over the whole input, beside "
                 "uniform weights; as jsonl, tsv or table")
      ->group(kGroup);
  command
      ->add_option("--window", options->window,
                   "With --stats: how far from the query the figure \"window\" reaches; default: "
                   "half of the kernel, else 4")
      ->check(CLI::Range(0, 1 << 20).description(""))
      ->group(kGroup)
      ->type_name("N");
  command->callback([options, choose] {
    choose(options->record.console, [options](Console& console) { return run(*options, console); });
  });
}

}  // namespace convbert::app
