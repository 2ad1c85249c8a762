#include "run/models.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

#include "cli/format.h"
#include "cli/suggestion.h"
#include "cli/usage_error.h"
#include "models/embedded.h"

namespace convbert::app {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// As huggingface_hub finds it.
fs::path cache_folder() {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
    if (const std::string folder = environment(name); !folder.empty()) return folder;
  }
  if (const std::string home = environment("HF_HOME"); !home.empty()) return fs::path(home) / "hub";
  if (const std::string cache = environment("XDG_CACHE_HOME"); !cache.empty()) {
    return fs::path(cache) / "huggingface" / "hub";
  }
  return fs::path(environment("HOME")) / ".cache" / "huggingface" / "hub";
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// <cache>/models--org--name/snapshots/<commit>, the commit being the one in refs/main, else the
// snapshot that changed last.
std::optional<fs::path> cached_model(const std::string& name) {
  if (name.find("..") != std::string::npos || name.starts_with('/')) return std::nullopt;
  const fs::path folder = cache_folder() / ("models--" + replace_all(name, "/", "--"));
  std::error_code error;
  std::string commit;
  std::ifstream(folder / "refs" / "main") >> commit;
  if (!commit.empty() && fs::is_directory(folder / "snapshots" / commit, error)) {
    return folder / "snapshots" / commit;
  }
  std::optional<fs::path> latest;
  for (const auto& entry : fs::directory_iterator(folder / "snapshots", error)) {
    if (!latest || entry.last_write_time(error) > fs::last_write_time(*latest, error)) {
      latest = entry.path();
    }
  }
  return latest;
}

std::vector<std::string> cached_names() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(cache_folder(), error)) {
    const std::string folder = entry.path().filename().string();
    if (folder.starts_with("models--")) names.push_back(replace_all(folder.substr(8), "--", "/"));
  }
  std::ranges::sort(names);
  return names;
}

// "org/name" for "name", as documentation shortens it. Throws Error(usage) where that is several.
std::optional<std::string> full_cached_name(const std::string& name, const std::string& origin) {
  std::vector<std::string> names = cached_names();
  std::erase_if(names, [&](const std::string& full) { return !full.ends_with("/" + name); });
  if (names.size() > 1) {
    usage_error(origin, ": \"", printable(name), "\" may be ", printable(list_of(names), 300));
  }
  return names.empty() ? std::nullopt : std::optional(names.front());
}

// A model, or at least a tokenizer.
bool holds_model(const fs::path& folder) {
  std::error_code error;
  return std::ranges::any_of(
      std::array{"config.json", "modules.json", "vocab.txt", "tokenizer.json"},
      [&](const char* name) { return fs::is_regular_file(folder / name, error); });
}

// Models one or two folders below.
std::vector<std::string> models_below(const fs::path& folder) {
  constexpr std::size_t kMost = 8;
  std::vector<std::string> models;
  std::error_code error;
  const auto options = fs::directory_options::skip_permission_denied;
  for (auto at = fs::recursive_directory_iterator(folder, options, error);
       !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (at.depth() >= 1) at.disable_recursion_pending();
    if (at->is_directory(error) && holds_model(at->path())) models.push_back(at->path().string());
    if (models.size() > kMost) break;
  }
  std::ranges::sort(models);
  return models;
}

ModelFiles open_directory(const std::string& path, const std::string& origin) {
  if (holds_model(path)) return ModelFiles::directory(path);
  std::vector<std::string> models = models_below(path);
  if (models.empty()) {
    usage_error(origin, ": expected a model directory, found no config.json in ", printable(path));
  }
  usage_error(origin, ": expected a model directory, found no config.json in ", printable(path),
              ", but the models ", printable(list_of(models, " and "), 600), "; give one of them");
}

[[noreturn]] void refuse_unknown(const std::string& wanted, const std::string& origin) {
  const std::vector<std::string> shipped = embedded_models();
  const std::vector<std::string> cached = cached_names();
  std::vector<std::string> known = shipped;
  known.insert(known.end(), cached.begin(), cached.end());
  usage_error(origin, ": no directory and no model is called \"", printable(wanted), "\"",
              did_you_mean(wanted, known), "; embedded: ", list_of(shipped, ", "),
              "; in the Hugging Face cache (", printable(cache_folder().string()),
              "): ", cached.empty() ? "none" : printable(list_of(cached, ", "), 300),
              "; `hf download ORG/NAME` puts one there");
}

}  // namespace

std::vector<std::string> embedded_models() {
  const auto names = embedded_model_names();
  return {names.begin(), names.end()};
}

ModelFiles find_model(const std::string& name, const std::string& flag) {
  std::string wanted = name;
  std::string origin = flag;
  if (wanted.empty()) {
    wanted = environment("CONVBERT_MODEL");
    origin = "CONVBERT_MODEL";
  }
  if (wanted.empty()) wanted = embedded_model_names().front();

  std::error_code error;
  if (fs::is_directory(wanted, error)) return open_directory(wanted, origin);
  if (fs::exists(wanted, error)) {
    usage_error(origin, ": expected a model directory, found a file: ", printable(wanted),
                "; give the folder that holds it and config.json");
  }
  if (auto embedded = embedded_model(wanted)) return *embedded;
  if (const auto cached = cached_model(wanted)) return ModelFiles::directory(*cached);
  if (const auto full = full_cached_name(wanted, origin)) {
    if (const auto cached = cached_model(*full)) return ModelFiles::directory(*cached);
  }
  refuse_unknown(wanted, origin);
}

ModelSource open_model_source(const std::string& name, const std::string& flag) {
  return model_source(find_model(name, flag));
}

}  // namespace convbert::app
