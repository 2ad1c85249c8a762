#include "io/output_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/model_files.h"
#include "io/partial_lock.h"
#include "io/write_all.h"

namespace convbert {
namespace {

namespace fs = std::filesystem;

// Is in a directory that is being written, and tells it from one that is somebody's.
constexpr const char* kMark = ".convbert-partial";
constexpr mode_t kFileMode = 0666;  // less the umask
constexpr mode_t kFolderMode = 0777;

[[noreturn]] void fail_with(const std::string& path, const char* what, int reason = errno) {
  throw Error(ErrorKind::system, concat(printable(path), ": ", what, ": ", std::strerror(reason)));
}

bool is_there(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

void refuse_existing(const std::string& path) {
  if (!is_there(path)) return;
  throw Error(ErrorKind::usage, concat(printable(path), ": is there already; expected the name of ",
                                       "a directory to make: give another, or remove it"));
}

// "out/" is "out".
std::string without_slashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

void check_name(const std::string& name) {
  if (stays_inside(name)) return;
  throw Error(ErrorKind::format, concat("refuses to write \"", printable(name),
                                        "\": expected a file inside the directory"));
}

void flush(int descriptor, const std::string& path) {
  if (::fsync(descriptor) != 0 && errno != EINVAL) fail_with(path, "cannot flush to disk");
}

void flush_folder(const std::string& path) {
  const FileDescriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.number() < 0) fail_with(path, "cannot open");
  flush(folder.number(), path);
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error) fail_with(folder, "cannot read", error.value());
  return names;
}

void remove_all(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) fail_with(path, "cannot remove", error.value());
}

}  // namespace

OutputDirectory::OutputDirectory(Named path)
    : path_(without_slashes(path.name)), partial_(path_ + ".partial") {}

OutputDirectory::OutputDirectory(const std::string& path) : OutputDirectory(Named{path}) {
  take_partial();
  empty_partial();
  is_ours_ = true;
  refuse_existing(path_);  // nobody else makes it from here on
  add(kMark, "");
}

// Opened and locked. Whoever held the lock before may have made it `path_`, or have removed it.
void OutputDirectory::take_partial() {
  while (true) {
    refuse_existing(path_);
    if (::mkdir(partial_.c_str(), kFolderMode) != 0 && errno != EEXIST) {
      fail_with(partial_, "cannot create");
    }
    FileDescriptor opened(
        ::open(partial_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (opened.number() < 0) {
      if (errno == ENOENT) continue;
      if (errno != ENOTDIR && errno != ELOOP) fail_with(partial_, "cannot open");
      throw Error(ErrorKind::usage, concat(printable(partial_), ": expected no file or link of ",
                                           "that name; remove it"));
    }
    if (!lock_partial(opened.number(), partial_)) continue;
    directory_ = std::move(opened);
    return;
  }
}

// Of what an interrupted run has left. The mark goes last: what is left of that is known, too.
void OutputDirectory::empty_partial() const {
  std::vector<std::string> names = names_in(partial_);
  if (names.empty()) return;
  if (std::erase(names, kMark) == 0) {
    throw Error(ErrorKind::usage, concat(printable(partial_), ": is no directory that an ",
                                         "interrupted run has left; move it away"));
  }
  for (const std::string& name : names) remove_all(partial_ + "/" + name);
  remove_all(partial_ + "/" + kMark);
}

OutputDirectory::~OutputDirectory() {
  std::error_code error;
  if (is_ours_ && is_named(directory_.number(), partial_)) fs::remove_all(partial_, error);
}

void OutputDirectory::make_folders(const std::string& name) {
  fs::path folder;
  for (const fs::path& part : fs::path(name).parent_path()) {
    folder /= part;
    const std::string path = partial_ + "/" + folder.string();
    if (!folders_.insert(path).second) continue;
    if (::mkdir(path.c_str(), kFolderMode) != 0 && errno != EEXIST) {
      fail_with(path, "cannot create");
    }
  }
}

void OutputDirectory::add(const std::string& name, const std::function<void(const Put&)>& fill) {
  check_name(name);
  make_folders(name);
  const std::string path = partial_ + "/" + name;
  const FileDescriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode));
  if (file.number() < 0) fail_with(path, "cannot create");
  fill([&](std::span<const std::byte> bytes) { write_all(file.number(), bytes, path); });
  flush(file.number(), path);
}

void OutputDirectory::add(const std::string& name, std::string_view content) {
  add(name, [&](const Put& put) { put(std::as_bytes(std::span(content))); });
}

void OutputDirectory::finish() {
  for (const std::string& folder : folders_) flush_folder(folder);
  flush(directory_.number(), partial_);
  if (!is_named(directory_.number(), partial_)) {
    throw Error(ErrorKind::system,
                concat(printable(partial_), ": was removed or replaced meanwhile"));
  }
  refuse_existing(path_);
  if (std::rename(partial_.c_str(), path_.c_str()) != 0) fail_with(path_, "cannot rename");
  is_ours_ = false;
  // A run that is killed here leaves the mark, which does no harm, in a directory that is whole.
  ::unlink((path_ + "/" + kMark).c_str());
  flush(directory_.number(), path_);
  const fs::path around = fs::path(path_).parent_path();
  flush_folder(around.empty() ? "." : around.string());
}

}  // namespace convbert
