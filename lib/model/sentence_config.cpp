#include "model/sentence_config.h"

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "core/json.h"

namespace convbert {
namespace {

Json read_object(const ModelFiles& files, const std::string& name) {
  const std::string source = files.path_of(name);
  Json json = parse_json(files.open(name).text(), source);
  if (!json.is_object()) {
    throw Error(ErrorKind::format, concat(source, ": expected a JSON object"));
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

// A Dense module that gives logits; any other is not supported.
void read_dense(const ModelFiles& files, const std::string& folder, SentenceConfig& config) {
  const std::string name = inside(folder, "config.json");
  const std::string source = files.path_of(name);
  const Json json = read_object(files, name);
  const std::string activation = json_string(json, "activation_function", "", source);
  const std::int64_t outputs = json_integer(json, "out_features", 0, source);
  const Json labels = read_object(files, inside(config.transformer_folder, "config.json"))
                          .value("id2label", Json::object());
  if (activation.ends_with(".Identity") && json_bool(json, "bias", true, source) && outputs >= 1 &&
      std::ssize(labels) == outputs) {
    config.classifier_folder = folder;
    return;
  }
  config.unsupported = concat(
      source, ": a Dense module is supported as a classifier alone: with a bias, without an ",
      "activation, and with as many outputs as config.json's \"id2label\" has labels");
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
  const Json modules = parse_json(files.open("modules.json").text(), source);
  if (!modules.is_array()) throw Error(ErrorKind::format, concat(source, ": expected a list"));
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
  std::vector<std::string> order{"Transformer", "Pooling"};
  if (kinds.size() > 2) order.emplace_back(kinds[2] == "Dense" ? "Dense" : "Normalize");
  if (config.unsupported.empty() && kinds != order) {
    config.unsupported =
        concat(source, ": expected a Transformer, a Pooling and maybe a Normalize ",
               "or a Dense in this order");
  }
  read_further_settings(files, config);
  return config;
}

}  // namespace convbert
