#include "run/models.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

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

std::string list_cached_models() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(cache_folder(), error)) {
    const std::string folder = entry.path().filename().string();
    if (folder.starts_with("models--")) names.push_back(replace_all(folder.substr(8), "--", "/"));
  }
  std::ranges::sort(names);
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list.empty() ? "none" : list;
}

}  // namespace

ModelFiles find_model(const std::string& name, const std::string& flag) {
  std::string wanted = name;
  std::string origin = flag;
  if (wanted.empty()) {
    wanted = environment("CONVBERT_MODEL");
    origin = "CONVBERT_MODEL";
  }
  if (wanted.empty()) wanted = embedded_model_names().front();

  std::error_code error;
  if (fs::is_directory(wanted, error)) return ModelFiles::directory(wanted);
  if (fs::exists(wanted, error)) {
    usage_error(origin, ": expected a model directory, found a file: ", wanted,
                "; give the folder that holds it and config.json");
  }
  if (auto embedded = embedded_model(wanted)) return *embedded;
  if (const auto cached = cached_model(wanted)) return ModelFiles::directory(*cached);
  std::string embedded_names;
  for (const std::string_view known : embedded_model_names()) {
    embedded_names += concat(embedded_names.empty() ? "" : ", ", known);
  }
  usage_error(origin, ": no directory and no model is called \"", printable(wanted),
              "\"; embedded: ", embedded_names, "; in the Hugging Face cache (",
              cache_folder().string(), "): ", printable(list_cached_models(), 300));
}

ModelSource open_model_source(const std::string& name, const std::string& flag) {
  return model_source(find_model(name, flag));
}

}  // namespace convbert::app
