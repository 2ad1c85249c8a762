#include <algorithm>
#include <filesystem>

#include <unistd.h>

#include "attention/collect_maps.h"
#include "attention/command.h"
#include "attention/map_writer.h"
#include "attention/options.h"
#include "attention/run_maps.h"
#include "attention/run_statistics.h"
#include "attention/statistics_table.h"
#include "core/error.h"
#include "run/model_run.h"
#include "run/record_command.h"

namespace convbert::app {
namespace {

[[noreturn]] void usage_error(const std::string& message) {
  throw Error(ErrorKind::usage, message);
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
    names.reserve(models.size());
    for (const MapModel& model : models) names.push_back(model.name);
    return make_page_writer(options.look, names, !options.folder.empty());
  }
  return make_number_writer(options.format());
}

int run(AttentionOptions& options, Console& console) {
  validate(options);
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

}  // namespace

void add_attention_command(CLI::App& app, const Choose& choose) {
  auto options = std::make_shared<AttentionOptions>();
  CLI::App* command = app.add_subcommand(
      "attention", "Self-attention maps and convolution kernels of every layer and head");
  add_attention_options(*command, *options);
  command->callback([options, choose] {
    choose(options->record.console, [options](Console& console) { return run(*options, console); });
  });
}

}  // namespace convbert::app
