#include "io/output_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "core/error.h"

namespace convbert {
namespace {

namespace fs = std::filesystem;

// Is in a directory that is being written, and tells it from one that is somebody's.
constexpr const char* kMark = ".convbert-partial";
constexpr mode_t kFileMode = 0666;  // less the umask
constexpr mode_t kFolderMode = 0777;

[[noreturn]] void fail_with(const std::string& path, const char* what) {
  throw Error(ErrorKind::system, concat(printable(path), ": ", what, ": ", std::strerror(errno)));
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
  const fs::path path(name);
  const bool is_inside = !path.empty() && path.is_relative() &&
                         std::ranges::find(path, "..") == path.end() &&
                         name.find('\0') == std::string::npos;
  if (is_inside) return;
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

void write_all(int descriptor, std::span<const std::byte> bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_with(path, "cannot write");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace

OutputDirectory::OutputDirectory(const std::string& path)
    : path_(without_slashes(path)), partial_(path_ + ".partial") {
  refuse_existing(path_);
  take_partial();
  is_ours_ = true;
  add(kMark, "");
}

void OutputDirectory::take_partial() {
  const bool is_new = ::mkdir(partial_.c_str(), kFolderMode) == 0;
  if (!is_new && errno != EEXIST) fail_with(partial_, "cannot create");
  directory_ =
      FileDescriptor(::open(partial_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (directory_.number() < 0) {
    throw Error(ErrorKind::usage, concat(printable(partial_), ": expected no file or link of that ",
                                         "name; remove it"));
  }
  if (::flock(directory_.number(), LOCK_EX | LOCK_NB) != 0) {
    throw Error(ErrorKind::usage, concat(printable(partial_), ": another process is writing it"));
  }
  if (is_new || fs::is_empty(partial_)) return;
  if (!is_there(partial_ + "/" + kMark)) {
    throw Error(ErrorKind::usage, concat(printable(partial_), ": is no directory that an ",
                                         "interrupted run has left; move it away"));
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(partial_)) {
    if (entry.path().filename() != kMark) fs::remove_all(entry.path());  // the mark goes last
  }
  fs::remove(partial_ + "/" + kMark);
}

OutputDirectory::~OutputDirectory() {
  std::error_code error;
  if (is_ours_) fs::remove_all(partial_, error);
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
