#include "core/model_files.h"

#include <algorithm>
#include <mutex>
#include <set>

namespace convbert {

bool stays_inside(std::string_view name) {
  if (name.find('\0') != std::string_view::npos) return false;
  const std::filesystem::path path(name);
  return !path.empty() && path.is_relative() && std::ranges::find(path, "..") == path.end();
}

struct ModelFiles::Opened {
  std::mutex mutex;
  std::set<std::string> paths;
};

ModelFiles::ModelFiles() : opened_(std::make_shared<Opened>()) {}

ModelFiles ModelFiles::directory(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    throw Error(ErrorKind::system, concat(path.string(), ": expected a model directory"));
  }
  ModelFiles files;
  files.origin_ = path.string();
  files.directory_ = path;
  return files;
}

ModelFiles ModelFiles::embedded(std::string name, std::span<const EmbeddedFile> embedded_files) {
  ModelFiles files;
  files.origin_ = std::move(name);
  files.embedded_ = embedded_files;
  files.is_embedded_ = true;
  return files;
}

bool ModelFiles::contains(std::string_view name) const {
  if (!stays_inside(name)) return false;
  if (is_embedded_) {
    return std::ranges::find(embedded_, prefix_ + std::string(name), &EmbeddedFile::name) !=
           embedded_.end();
  }
  std::error_code error;
  return std::filesystem::is_regular_file(directory_ / name, error);
}

FileBytes ModelFiles::open(std::string_view name) const {
  if (!stays_inside(name)) {
    throw Error(ErrorKind::format,
                concat(origin_, ": refuses to open \"", printable(std::string(name)),
                       "\": expected the name of a file inside the model's directory"));
  }
  {
    const std::lock_guard lock(opened_->mutex);
    opened_->paths.insert(path_of(name));
  }
  if (!is_embedded_) return FileBytes(MappedFile(directory_ / name));
  const auto file = std::ranges::find(embedded_, prefix_ + std::string(name), &EmbeddedFile::name);
  if (file == embedded_.end()) {
    throw Error(ErrorKind::system, concat(path_of(name), ": no such file"));
  }
  return FileBytes(file->bytes);
}

ModelFiles ModelFiles::subdirectory(std::string_view name) const {
  if (!stays_inside(name)) {
    throw Error(ErrorKind::format,
                concat(origin_, ": refuses to enter \"", printable(std::string(name)),
                       "\": expected a folder inside the model's directory"));
  }
  ModelFiles files = is_embedded_ ? *this : directory(directory_ / name);
  files.opened_ = opened_;
  if (!is_embedded_) return files;
  files.origin_ = path_of(name);
  files.prefix_ += std::string(name) + "/";
  return files;
}

std::vector<std::string> ModelFiles::opened() const {
  const std::lock_guard lock(opened_->mutex);
  return {opened_->paths.begin(), opened_->paths.end()};
}

std::string ModelFiles::path_of(std::string_view name) const {
  return origin_ + "/" + std::string(name);
}

}  // namespace convbert
