// Where a model's files come from: a directory, or the program itself.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/mapped_file.h"

namespace convbert {

// A file linked into the program. `name` is relative, parts separated by '/'.
struct EmbeddedFile {
  std::string_view name;
  std::span<const std::byte> bytes;
};

// The bytes of one file, kept alive as long as a copy of this lives. Copies share.
class FileBytes {
 public:
  explicit FileBytes(MappedFile file) : mapping_(std::make_shared<MappedFile>(std::move(file))) {
    bytes_ = mapping_->bytes();
  }
  explicit FileBytes(std::span<const std::byte> static_bytes) : bytes_(static_bytes) {}

  std::span<const std::byte> bytes() const { return bytes_; }
  std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  // See MappedFile.
  void check() const {
    if (mapping_) mapping_->check();
  }
  void release_pages() const {
    if (mapping_) mapping_->release_pages();
  }

 private:
  std::shared_ptr<const MappedFile> mapping_;
  std::span<const std::byte> bytes_;
};

// Whether `name` is that of a file inside a directory, wherever that lies: relative, without "..".
bool stays_inside(std::string_view name);

// Looks files up by name, as "1_Pooling/config.json". Names may come from a model's own files, so
// one that is absolute or leaves the directory is never opened.
class ModelFiles {
 public:
  // Throws Error(system) when `path` is not a directory.
  static ModelFiles directory(const std::filesystem::path& path);
  // `files` must outlive the object. `name` stands for the directory in messages.
  static ModelFiles embedded(std::string name, std::span<const EmbeddedFile> files);

  bool contains(std::string_view name) const;
  // Throws Error(format) for an unsafe name, Error(system) when the file cannot be read.
  FileBytes open(std::string_view name) const;
  // parse(text) of a file that is read at once. Throws as open(), and Error(system) where the file
  // was cut short meanwhile, whatever the parser says of what it read.
  template <class Parse>
  auto parsed(std::string_view name, Parse parse) const {
    const FileBytes file = open(name);
    try {
      auto result = parse(file.text());
      file.check();
      return result;
    } catch (const Error&) {
      file.check();
      throw;
    }
  }
  // The same files, seen from a folder inside.
  ModelFiles subdirectory(std::string_view name) const;

  // Paths of the files that have been opened so far, here or through a copy or a subdirectory of it
  // or of what it was copied from: what a model was read from. Sorted; embedded ones are named as
  // messages name them.
  std::vector<std::string> opened() const;

  // How messages name a file or the whole: "path/to/model/config.json".
  std::string path_of(std::string_view name) const;
  const std::string& origin() const { return origin_; }

 private:
  struct Opened;

  ModelFiles();

  std::string origin_;
  std::filesystem::path directory_;  // unused when embedded
  std::span<const EmbeddedFile> embedded_;
  std::string prefix_;  // embedded: "" or "folder/"
  bool is_embedded_ = false;
  std::shared_ptr<Opened> opened_;  // shared by copies
};

}  // namespace convbert
