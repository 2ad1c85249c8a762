// A directory of results that appears whole or not at all.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "core/file_descriptor.h"

namespace convbert {

// Written as <path>.partial, under a lock, and becomes <path> in finish(): fsync of every file and
// folder, rename, fsync of the folder around it. What a killed run has left of one is begun anew;
// any other directory of that name is refused. Without finish() nothing stays.
class OutputDirectory {
 public:
  // Throws Error(usage) where `path` is there already, another process is writing it, or
  // <path>.partial is something else; Error(system) naming what cannot be made or removed.
  explicit OutputDirectory(const std::string& path);
  ~OutputDirectory();
  OutputDirectory(const OutputDirectory&) = delete;
  OutputDirectory& operator=(const OutputDirectory&) = delete;

  // A new file, "folder/name", that what `fill` puts makes. Names must be relative and stay inside.
  // Throws Error(format) for one that does not, Error(system) with the reason (a full disk), and
  // what `fill` throws.
  using Put = std::function<void(std::span<const std::byte>)>;
  void add(const std::string& name, const std::function<void(const Put&)>& fill);
  void add(const std::string& name, std::string_view content);

  // Throws Error(usage) where `path` has come to be meanwhile, Error(system) with the reason.
  void finish();

 private:
  // What the public constructor delegates to: where the rest of that throws, the destructor runs.
  struct Named {
    std::string name;
  };
  explicit OutputDirectory(Named path);

  void take_partial();
  void empty_partial() const;
  void make_folders(const std::string& name);

  std::string path_;
  std::string partial_;
  FileDescriptor directory_;       // the partial one, locked
  std::set<std::string> folders_;  // inside
  bool is_ours_ = false;
};

}  // namespace convbert
