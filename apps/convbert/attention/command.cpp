#include <algorithm>
#include <filesystem>

#include <unistd.h>

#include "api/map_request.h"
#include "attention/command.h"
#include "attention/flags.h"
#include "attention/map_model.h"
#include "attention/map_writer.h"
#include "attention/request.h"
#include "attention/run_maps.h"
#include "attention/run_statistics.h"
#include "attention/statistics_table.h"
#include "cli/usage_error.h"
#include "run/record_command.h"

namespace convbert::app {
namespace {

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
std::string display_name(const ModelRequest& request) {
  const char* variable = std::getenv("CONVBERT_MODEL");
  const std::string name = !request.model.empty() ? request.model
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

bool is_asked_for(const AttentionRequest& request, const MapTypeInfo& type, bool has_convolution) {
  if (!request.maps.empty()) {
    return std::ranges::find(request.maps, type.flag) != request.maps.end();
  }
  switch (type.type) {
    case MapType::attention: return true;
    case MapType::conv: return has_convolution && !request.words;
    case MapType::conv_map:  // a window of tokens has no words
      return has_convolution && request.words;
    case MapType::mixed:
    case MapType::rollout:  // a page has room for them
      return request.format() == Format::html;
    default: return false;
  }
}

MapRequest make_map_request(const AttentionRequest& request, const MapModel& model) {
  const ModelConfig& config = model.loaded.model.config;
  const std::string of = request.compared ? concat(" of ", model.name) : "";
  MapRequest maps;
  maps.selection = {select(request.layers, config.layers, "--layer" + of),
                    select(request.heads, config.attention_heads, "--head" + of)};
  maps.words = request.words;
  maps.from = request.from.value_or(0);
  maps.to = request.to;
  for (const MapTypeInfo& type : kMapTypes) {
    if (!is_asked_for(request, type, config.convolution.has_value())) continue;
    if (is_of_convolution(type.type) && !config.convolution) {
      usage_error("--map ", type.flag, ": this model has no convolution", of);
    }
    maps.types.push_back(type.type);
  }
  if (maps.words && maps.has(MapType::conv)) {
    usage_error("--map conv has windows of tokens, which no words have; expected conv-map");
  }
  const bool only_layers =
      std::ranges::none_of(maps.types, [](MapType type) { return info_of(type).is_of_heads; });
  if (!request.heads.empty() && only_layers) {
    usage_error("--head: the maps asked for are of whole layers");
  }
  return maps;
}

std::vector<MapModel> open_models(const AttentionRequest& request, Console& console) {
  std::vector<MapModel> models;
  const auto open = [&](const ModelRequest& asked) {
    MapModel model{
        display_name(asked), load_model(asked, request.record.truncation, {}, console), {}};
    model.request = make_map_request(request, model);
    models.push_back(std::move(model));
  };
  open(request.record.model);
  if (request.compared) {
    open(*request.compared);
    if (models[0].name == models[1].name) models[1].name += " (2)";
  }
  return models;
}

std::unique_ptr<RecordCommand> statistics_command(const AttentionRequest& request,
                                                  std::vector<MapModel> models) {
  // Half of a kernel, of models without one that of ConvBERT's usual kernel of 9.
  std::int64_t kernel = 0;
  for (const MapModel& model : models) {
    const auto& convolution = model.loaded.model.config.convolution;
    if (kernel == 0 && convolution) kernel = convolution->kernel_size;
  }
  const std::int64_t window = request.window.value_or((kernel > 0 ? kernel : 9) / 2);
  const auto render = [name = models.front().name, format = request.format(),
                       look = request.look](std::span<const HeadStatistics> heads) {
    if (!info_of(format).is_picture) return statistics_text(heads, format);
    if (heads.empty()) usage_error("no text to draw statistics of");
    return statistics_picture(heads, name, format, look);
  };
  return make_statistics_command(std::move(models), window, render);
}

std::unique_ptr<MapWriter> make_writer(const AttentionRequest& request,
                                       const std::vector<MapModel>& models) {
  const MapRequest& maps = models.front().request;
  if (request.format() == Format::csv || request.format() == Format::tsv) {
    const MapTypeInfo& type = info_of(maps.types.front());
    const bool is_one_map = maps.types.size() == 1 && maps.selection.layer_count() == 1 &&
                            (maps.selection.head_count() == 1 || !type.is_of_heads);
    if (!is_one_map) {
      usage_error("--format ", name_of(request.format()), " holds one map: choose it with --map, ",
                  "--layer and --head; npz and jsonl hold several");
    }
  }
  if (info_of(request.format()).is_picture)
    return make_picture_writer(request.format(), request.look);
  if (request.format() == Format::terminal) {
    return make_terminal_writer(request.look, request.record.input.given.texts.size() != 1);
  }
  if (request.format() == Format::html) {
    std::vector<std::string> names;
    names.reserve(models.size());
    for (const MapModel& model : models) names.push_back(model.name);
    return make_page_writer(request.look, names, !request.folder.empty());
  }
  return make_number_writer(request.format());
}

int run(const AttentionFlags& flags, Console& console) {
  const AttentionRequest request = make_request(flags, console.color_choice());
  make_folder(request.folder, console);
  std::vector<MapModel> models = open_models(request, console);
  if (request.statistics) {
    return run_records(request.record, *statistics_command(request, std::move(models)), console);
  }
  std::unique_ptr<MapWriter> writer = make_writer(request, models);
  const auto command =
      make_maps_command(std::move(models), std::move(writer), {request.folder, request.format()});
  return run_records(request.record, *command, console);
}

}  // namespace

void add_attention_command(CLI::App& app, const Choose& choose) {
  add_command<AttentionFlags>(
      app, choose,
      {"attention", "Self-attention maps and convolution kernels of every layer and head",
       add_attention_flags, run});
}

}  // namespace convbert::app
