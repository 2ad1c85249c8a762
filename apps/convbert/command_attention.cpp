#include <algorithm>
#include <filesystem>
#include <optional>

#include <unistd.h>

#include "attention_maps.h"
#include "attention_run.h"
#include "attention_statistics.h"
#include "commands.h"
#include "core/error.h"
#include "map_writer.h"
#include "model_run.h"
#include "record_command.h"
#include "statistics_table.h"

namespace convbert::app {
namespace {

struct AttentionOptions {
  RecordOptions record;
  std::string layers;  // "" for all
  std::string heads;
  std::vector<std::string> maps;  // empty: what the format shows best
  bool words = false;
  std::optional<std::int64_t> from;
  std::optional<std::int64_t> to;
  std::string folder;
  bool statistics = false;
  std::optional<std::int64_t> window;
  std::string compared_model;
  LookOptions look;
  std::vector<std::string> look_flags;  // of `look`, those that were given

  const std::string& format() const { return record.output.format; }
  bool is_format(std::initializer_list<std::string_view> names) const {
    return std::ranges::find(names, format()) != names.end();
  }
};

[[noreturn]] void usage_error(const std::string& message) {
  throw Error(ErrorKind::usage, message);
}

void check_statistics(const AttentionOptions& options) {
  if (!options.is_format({"jsonl", "tsv", "table"}) && !is_picture(options.format())) {
    usage_error(concat("--stats: expected --format jsonl, tsv, table, png, svg or pdf, found ",
                       options.format()));
  }
  if (!options.maps.empty()) usage_error("--stats and --map exclude each other");
  if (options.words || options.from || options.to) {
    usage_error("--stats is of all tokens: --words, --from and --to are for maps");
  }
  if (!options.folder.empty()) usage_error("--stats is one result: it has no --out-dir");
  if (options.record.output.resume) {
    usage_error("--stats and --resume exclude each other: a part of a sum cannot be gone on with");
  }
}

void check_maps(const AttentionOptions& options) {
  if (options.format() == "table") usage_error("--format table is for --stats");
  if (options.window) usage_error("--window is for --stats");
  if (options.to && *options.to < options.from.value_or(0)) {
    usage_error(
        concat("--to ", *options.to, ": expected at least --from, ", options.from.value_or(0)));
  }
  if (options.record.output.resume && options.format() != "jsonl") {
    usage_error(concat("--resume: expected --format jsonl, found ", options.format()));
  }
  if (options.folder.empty()) return;
  if (options.is_format({"jsonl", "terminal"})) {
    usage_error(concat("--out-dir: --format ", options.format(), " is one stream; expected npz, ",
                       "csv, tsv or a picture's"));
  }
  if (!options.record.output.path.empty()) usage_error("--out-dir and -o exclude each other");
}

void check_look(const AttentionOptions& options) {
  if (options.look_flags.empty()) return;
  const std::string& flag = options.look_flags.front();
  const bool is_drawn = is_picture(options.format()) || options.is_format({"html", "terminal"});
  if (!is_drawn) {
    usage_error(concat(flag,
                       " is for pictures: expected --format png, svg, pdf, html or terminal, ",
                       "found ", options.format()));
  }
  if (flag == "--width" && options.format() == "html") {
    usage_error("--width: a page is as wide as its window");
  }
  if (flag == "--resolution" && options.format() != "png") {
    usage_error("--resolution is for --format png");
  }
}

void make_folder(const std::string& folder, Console& console) {
  if (folder.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!std::filesystem::is_directory(folder)) {
    throw Error(ErrorKind::system, concat(folder, ": cannot create the folder: ", error.message()));
  }
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    throw Error(ErrorKind::system, concat(folder, ": cannot write files into this folder"));
  }
  if (!std::filesystem::is_empty(folder, error)) {
    console.warning(concat(folder, " is not empty: files of the same names are replaced"));
  }
}

// What a person calls a model: the last part of its path or name.
std::string display_name(const ModelOptions& options) {
  const char* variable = std::getenv("CONVBERT_MODEL");
  const std::string name = !options.model.empty() ? options.model
                           : variable != nullptr  ? variable
                                                  : "";
  std::filesystem::path path(name);
  if (!path.has_filename()) path = path.parent_path();
  return name.empty() ? "convbert-mini" : path.filename().string();
}

std::vector<std::int64_t> select(const std::string& text, std::int64_t count,
                                 const std::string& flag) {
  return parse_index_list(text.empty() ? concat("0-", count - 1) : text, count, flag);
}

bool is_asked_for(const AttentionOptions& options, const MapTypeInfo& type, bool has_convolution) {
  if (!options.maps.empty())
    return std::ranges::find(options.maps, type.flag) != options.maps.end();
  switch (type.type) {
    case MapType::attention: return true;
    case MapType::conv: return has_convolution && !options.words;
    case MapType::conv_map:  // a window of tokens has no words
      return has_convolution && options.words;
    case MapType::mixed:
    case MapType::rollout:  // a page has room for them
      return options.format() == "html";
    default: return false;
  }
}

bool is_of_convolution(MapType type) {
  return type == MapType::conv || type == MapType::conv_map || type == MapType::conv_norm;
}

MapRequest make_request(const AttentionOptions& options, const MapModel& model) {
  const ModelConfig& config = model.loaded.model.config;
  const std::string of = options.compared_model.empty() ? "" : concat(" of ", model.name);
  MapRequest request;
  request.selection = {select(options.layers, config.layers, "--layer" + of),
                       select(options.heads, config.attention_heads, "--head" + of)};
  request.words = options.words;
  request.from = options.from.value_or(0);
  request.to = options.to;
  for (const MapTypeInfo& type : kMapTypes) {
    if (!is_asked_for(options, type, config.convolution.has_value())) continue;
    if (is_of_convolution(type.type) && !config.convolution) {
      usage_error(concat("--map ", type.flag, ": this model has no convolution", of));
    }
    request.types.push_back(type.type);
  }
  if (request.words && request.has(MapType::conv)) {
    usage_error("--map conv has windows of tokens, which no words have; expected conv-map");
  }
  const bool only_layers =
      std::ranges::none_of(request.types, [](MapType type) { return info_of(type).is_of_heads; });
  if (!options.heads.empty() && only_layers) {
    usage_error("--head: the maps asked for are of whole layers");
  }
  return request;
}

std::vector<MapModel> open_models(const AttentionOptions& options, Console& console) {
  std::vector<MapModel> models;
  const auto open = [&](const RecordOptions& record) {
    MapModel model{display_name(record.model),
                   load_for_records(record, ModelParts::encoder, false, console),
                   {}};
    model.request = make_request(options, model);
    models.push_back(std::move(model));
  };
  open(options.record);
  if (options.compared_model.empty()) return models;
  RecordOptions other = options.record;
  other.model.model = options.compared_model;
  other.model.flag = "--compare";
  open(other);
  if (models[0].name == models[1].name) models[1].name += " (2)";
  return models;
}

std::unique_ptr<RecordCommand> statistics_command(const AttentionOptions& options,
                                                  std::vector<MapModel> models) {
  // Half of a kernel, of models without one that of ConvBERT's usual kernel of 9.
  std::int64_t kernel = 0;
  for (const MapModel& model : models) {
    const auto& convolution = model.loaded.model.config.convolution;
    if (kernel == 0 && convolution) kernel = convolution->kernel_size;
  }
  const std::int64_t window = options.window.value_or((kernel > 0 ? kernel : 9) / 2);
  return make_statistics_command(
      std::move(models), window,
      [format = options.format(), look = options.look](std::span<const HeadStatistics> heads) {
        if (!is_picture(format)) return statistics_text(heads, format);
        if (heads.empty()) throw Error(ErrorKind::usage, "no text to draw statistics of");
        return statistics_picture(heads, format, look);
      });
}

std::unique_ptr<MapWriter> make_writer(const AttentionOptions& options,
                                       const std::vector<MapModel>& models) {
  const MapRequest& request = models.front().request;
  if (options.is_format({"csv", "tsv"})) {
    const MapTypeInfo& type = info_of(request.types.front());
    const bool is_one_map = request.types.size() == 1 && request.selection.layer_count() == 1 &&
                            (request.selection.head_count() == 1 || !type.is_of_heads);
    if (!is_one_map) {
      usage_error(concat("--format ", options.format(), " holds one map: choose it with --map, ",
                         "--layer and --head; npz and jsonl hold several"));
    }
  }
  if (is_picture(options.format())) return make_picture_writer(options.format(), options.look);
  if (options.format() == "terminal") return make_terminal_writer(options.look);
  if (options.format() == "html") {
    std::vector<std::string> names;
    for (const MapModel& model : models) names.push_back(model.name);
    return make_page_writer(options.look, std::move(names), !options.folder.empty());
  }
  return make_number_writer(options.format());
}

int run(AttentionOptions& options, Console& console) {
  options.look.color = options.record.console.color;
  validate(options.record);
  options.statistics ? check_statistics(options) : check_maps(options);
  check_look(options);
  if (!options.compared_model.empty() && !options.statistics && options.format() != "html") {
    usage_error("--compare: expected --stats or --format html");
  }
  if (options.folder.empty()) refuse_terminal(options.record.output);
  make_folder(options.folder, console);
  std::vector<MapModel> models = open_models(options, console);
  if (options.statistics) {
    return run_records(options.record, *statistics_command(options, std::move(models)), console);
  }
  std::unique_ptr<MapWriter> writer = make_writer(options, models);
  const auto command =
      make_maps_command(std::move(models), std::move(writer), {options.folder, options.format()});
  return run_records(options.record, *command, console);
}

void add_map_options(CLI::App& command, AttentionOptions& options) {
  constexpr const char* kGroup = "Maps";
  std::vector<std::string> names;
  for (const MapTypeInfo& type : kMapTypes) names.emplace_back(type.flag);
  command
      .add_option("--map", options.maps,
                  "Which maps. Of each head: attention and conv, the kernels' windows (default); "
                  "conv-map, kernels as maps of all tokens; attention-norm and conv-norm, weighted "
                  "by the norms of values (Kobayashi et al. 2020). Of each layer: mixed, the mean "
                  "of all heads; rollout, how attention flows through the layers (Abnar and "
                  "Zuidema 2020); attention-rollout, without the convolution")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember(names).description(""))
      ->group(kGroup)
      ->type_name("LIST");
  command.add_option("--layer", options.layers, "Layers from 0: lists and ranges, as 0,2 or 1-3")
      ->group(kGroup)
      ->type_name("LIST");
  command
      .add_option("--head", options.heads,
                  "Heads from 0, of the attention and of the convolution alike")
      ->group(kGroup)
      ->type_name("LIST");
  command
      .add_flag("--words", options.words,
                "Merge pieces to words: their columns are summed, their rows averaged")
      ->group(kGroup);
  command
      .add_option("--from", options.from,
                  "First token (or word, with --words) of the part that is wanted, from 0; weights "
                  "are not rescaled")
      ->check(CLI::Range(0, 1 << 20).description(""))
      ->group(kGroup)
      ->type_name("N");
  command.add_option("--to", options.to, "Last token of that part, itself included")
      ->check(CLI::Range(0, 1 << 20).description(""))
      ->group(kGroup)
      ->type_name("N");
  command
      .add_option("--out-dir", options.folder,
                  "A file for each record, <id>.<format>, in this folder")
      ->group(kGroup)
      ->type_name("DIR");
}

void add_statistics_options(CLI::App& command, AttentionOptions& options) {
  constexpr const char* kGroup = "Statistics";
  command
      .add_flag("--stats", options.statistics,
                "Instead of maps, what each head does on average over the whole input, beside "
                "uniform weights; as jsonl, tsv, table, png, svg or pdf")
      ->group(kGroup);
  command
      .add_option("--window", options.window,
                  "How far from the query the figure \"window\" reaches; default: half of the "
                  "kernel, else 4")
      ->check(CLI::Range(0, 1 << 20).description(""))
      ->group(kGroup)
      ->type_name("N");
  command
      .add_option(
          "--compare", options.compared_model,
          "A second model on the same texts, beside the first; with --stats or --format html")
      ->group(kGroup)
      ->type_name("MODEL");
}

void add_look_options(CLI::App& command, AttentionOptions& options) {
  constexpr const char* kGroup = "Pictures";
  const auto add = [&](const std::string& flag, const std::string& description, auto set) {
    return command
        .add_option_function<std::string>(
            flag,
            [&options, flag, set](const std::string& value) {
              options.look_flags.push_back(flag);
              set(options.look, value);
            },
            description)
        ->group(kGroup);
  };
  add("--theme", "light, or dark (default: light, in a terminal dark)",
      [](LookOptions& look, const std::string& value) {
        look.theme = value == "light" ? Theme::light : Theme::dark;
      })
      ->check(CLI::IsMember({"light", "dark"}).description(""))
      ->type_name("NAME");
  add("--scale", "linear, or log, which shows four decades below the largest weight",
      [](LookOptions& look, const std::string& value) {
        look.scale = value == "log" ? WeightScale::logarithmic : WeightScale::linear;
      })
      ->check(CLI::IsMember({"linear", "log"}).description(""))
      ->default_str("linear")
      ->type_name("NAME");
  add("--width",
      "Points (1/72 inch) of png, svg and pdf, columns of a terminal; default: what fits",
      [](LookOptions& look, const std::string& value) { look.width = std::stod(value); })
      ->check(CLI::Range(40, 14400).description(""))
      ->type_name("N");
  add("--resolution", "Pixels an inch of png",
      [](LookOptions& look, const std::string& value) { look.resolution = std::stod(value); })
      ->check(CLI::Range(36, 2400).description(""))
      ->default_str("144")
      ->type_name("N");
}

}  // namespace

void add_attention_command(CLI::App& app, const Choose& choose) {
  auto options = std::make_shared<AttentionOptions>();
  CLI::App* command = app.add_subcommand(
      "attention", "Self-attention maps and convolution kernels of every layer and head");
  add_record_options(
      *command, options->record,
      {"jsonl", "npz", "csv", "tsv", "png", "svg", "pdf", "html", "terminal", "table"});
  add_model_options(*command, options->record.model, true);
  add_map_options(*command, *options);
  add_look_options(*command, *options);
  add_statistics_options(*command, *options);
  command->callback([options, choose] {
    choose(options->record.console, [options](Console& console) { return run(*options, console); });
  });
}

}  // namespace convbert::app
