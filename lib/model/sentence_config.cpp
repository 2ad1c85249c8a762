#include "model/sentence_config.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/json_file.h"

namespace convbert {
namespace {

// Each may have a file of settings; published models have up to five.
constexpr std::size_t kMostModules = 16;

Json read_object(const ModelFiles& files, const std::string& name) {
  Json json = read_json(files, name);
  if (!json.is_object()) {
    throw Error(ErrorKind::format, concat(files.path_of(name), ": expected a JSON object"));
  }
  return json;
}

std::string inside(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

// One of the modes must be set: "pooling_mode_mean_tokens": true, or "pooling_mode": "mean".
void read_pooling(const ModelFiles& files, const std::string& folder, SentenceConfig& config) {
  constexpr std::pair<const char*, Pooling> kModes[] = {
      {"pooling_mode_mean_tokens", Pooling::mean},
      {"pooling_mode_cls_token", Pooling::cls},
      {"pooling_mode_max_tokens", Pooling::max},
      {"pooling_mode_lasttoken", Pooling::last},
  };
  constexpr const char* kOtherModes[] = {"pooling_mode_mean_sqrt_len_tokens",
                                         "pooling_mode_weightedmean_tokens"};
  const std::string name = inside(folder, "config.json");
  const std::string source = files.path_of(name);
  const Json json = read_object(files, name);
  int modes = 0;
  std::string other;
  for (const auto& [key, pooling] : kModes) {
    if (!json_bool(json, key, false, source)) continue;
    config.pooling = pooling;
    ++modes;
  }
  for (const char* key : kOtherModes) {
    if (json_bool(json, key, false, source)) other = key;
  }
  if (const std::string mode = json_string(json, "pooling_mode", "", source); !mode.empty()) {
    const auto pooling = pooling_from_name(mode == "lasttoken" ? "last" : mode);
    if (pooling) {
      config.pooling = *pooling;
      ++modes;
    } else {
      other = mode;
    }
  }
  if (!other.empty()) {
    config.unsupported = concat(source, ": pooling by ", printable(other), " is not supported");
  } else if (modes != 1) {
    config.unsupported = concat(source, ": expected one pooling mode, found ", modes);
  }
}

void read_transformer(const ModelFiles& files, const std::string& folder, SentenceConfig& config) {
  config.transformer_folder = folder;
  const std::string name = inside(folder, "sentence_bert_config.json");
  if (!files.contains(name)) return;
  const std::string source = files.path_of(name);
  const Json json = read_object(files, name);
  const std::int64_t length = json_integer(json, "max_seq_length", 0, source);
  if (length < 0) {
    throw Error(ErrorKind::format,
                concat(source, ": \"max_seq_length\": expected a positive number, found ", length));
  }
  if (length > 0) config.max_length = length;
  config.lowercase = json_bool(json, "do_lower_case", false, source);
}

// The class of PyTorch, as "torch.nn.modules.activation.Tanh"; torch.nn.GELU's default is exact.
std::optional<nn::Activation> activation_of_class(std::string_view name) {
  constexpr std::pair<std::string_view, nn::Activation> kClasses[] = {
      {"Identity", nn::Activation::identity}, {"Tanh", nn::Activation::tanh},
      {"ReLU", nn::Activation::relu},         {"GELU", nn::Activation::gelu},
      {"SiLU", nn::Activation::silu},
  };
  if (!name.starts_with("torch.nn.")) return std::nullopt;
  for (const auto& [known, activation] : kClasses) {
    if (name.substr(name.rfind('.') + 1) == known) return activation;
  }
  return std::nullopt;
}

void read_dense(const ModelFiles& files, const std::string& folder, SentenceConfig& config) {
  constexpr const char* kVector = "sentence_embedding";
  const std::string name = inside(folder, "config.json");
  const std::string source = files.path_of(name);
  const Json json = read_object(files, name);
  DenseModule module{.folder = folder,
                     .in = json_integer(json, "in_features", 0, source),
                     .out = json_integer(json, "out_features", 0, source),
                     .has_bias = json_bool(json, "bias", true, source)};
  for (const auto& [key, size] :
       {std::pair("in_features", module.in), {"out_features", module.out}}) {
    if (size >= 1) continue;
    config.unsupported =
        concat(source, ": \"", key, "\": expected a positive number, found ", size);
  }
  const std::string activation =
      json_string(json, "activation_function", "torch.nn.modules.activation.Tanh", source);
  if (const auto known = activation_of_class(activation)) {
    module.activation = *known;
  } else {
    config.unsupported = concat(source, ": the activation ", printable(activation),
                                " is not supported; Identity, Tanh, ReLU, GELU and SiLU are");
  }
  for (const char* key : {"module_input_name", "module_output_name"}) {
    const std::string found = json_string(json, key, "", source);
    if (found.empty() || found == kVector) continue;
    config.unsupported = concat(source, ": a Dense module of anything but ", kVector,
                                " is not supported, found \"", key, "\" ", printable(found));
  }
  if (json_bool(json, "use_residual", false, source)) {
    config.unsupported = concat(source, ": a Dense module with \"use_residual\" is not supported");
  }
  config.dense.push_back(std::move(module));
}

// The steps in the order that is supported, or a reason in `unsupported`; a classifier is told from
// what else a Dense module may be.
void check_steps(const ModelFiles& files, const std::vector<std::string>& kinds,
                 SentenceConfig& config) {
  std::vector<std::string> order{"Transformer", "Pooling"};
  order.resize(order.size() + config.dense.size(), "Dense");
  if (config.normalize) order.emplace_back("Normalize");
  if (config.unsupported.empty() && kinds != order) {
    config.unsupported = concat(files.path_of("modules.json"),
                                ": expected a Transformer, a Pooling, maybe Dense modules and ",
                                "maybe a Normalize in this order");
  }
  if (!config.unsupported.empty()) {
    config.dense.clear();
    return;
  }
  if (config.dense.size() != 1 || config.normalize) return;
  const DenseModule& last = config.dense.front();
  const Json labels = read_object(files, inside(config.transformer_folder, "config.json"))
                          .value("id2label", Json::object());
  if (last.activation != nn::Activation::identity || !last.has_bias ||
      std::ssize(labels) != last.out) {
    return;
  }
  config.classifier_folder = last.folder;
  config.dense.clear();
}

// What sentence-transformers does to texts and vectors beside its modules.
void read_further_settings(const ModelFiles& files, SentenceConfig& config) {
  constexpr const char* kName = "config_sentence_transformers.json";
  if (!files.contains(kName)) return;
  const std::string source = files.path_of(kName);
  const Json json = read_object(files, kName);
  const std::string prompt = json_string(json, "default_prompt_name", "", source);
  const Json prompts = json.value("prompts", Json::object());
  const bool is_empty = prompts.is_object() && prompts.value(prompt, Json()) == "";
  if (!prompt.empty() && !is_empty) {
    config.unsupported_prompt =
        concat(source, ": a prompt before each text (default_prompt_name ", printable(prompt),
               ") is not supported; put it into the ", "texts, and null in its place");
  }
  const std::int64_t dim = json_integer(json, "truncate_dim", 0, source);
  if (dim < 0) {
    throw Error(ErrorKind::format,
                concat(source, ": \"truncate_dim\": expected a positive number, found ", dim));
  }
  if (dim > 0) config.dim = dim;
}

}  // namespace

SentenceConfig read_sentence_config(const ModelFiles& files) {
  SentenceConfig config;
  if (!files.contains("modules.json")) return config;
  config.found = true;
  const std::string source = files.path_of("modules.json");
  const Json modules = read_json(files, "modules.json");
  if (!modules.is_array()) throw Error(ErrorKind::format, concat(source, ": expected a list"));
  if (modules.size() > kMostModules) {
    throw Error(ErrorKind::format, concat(source, ": expected at most ", kMostModules,
                                          " modules, found ", modules.size()));
  }
  std::vector<std::string> kinds;
  for (const Json& module : modules) {
    if (!module.is_object()) {
      throw Error(ErrorKind::format, concat(source, ": expected a list of objects"));
    }
    // "sentence_transformers.models.Pooling", in newer releases with more parts between.
    const std::string type = json_string(module, "type", "", source);
    const std::string folder = json_string(module, "path", "", source);
    const std::string& kind = kinds.emplace_back(type.substr(type.rfind('.') + 1));
    if (kind == "Transformer") {
      read_transformer(files, folder, config);
    } else if (kind == "Pooling") {
      read_pooling(files, folder, config);
    } else if (kind == "Normalize") {
      config.normalize = true;
    } else if (kind == "Dense") {
      read_dense(files, folder, config);
    } else {
      config.unsupported = concat(source, ": a module ", printable(type), " is not supported");
    }
  }
  check_steps(files, kinds, config);
  read_further_settings(files, config);
  return config;
}

}  // namespace convbert
