#include "io/output_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include "core/error.h"

namespace convbert {
namespace {

// What a symbolic link stands for is replaced, not the link.
std::string final_path(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error)) return path;
  const auto target = std::filesystem::weakly_canonical(path, error);
  return error ? path : target.string();
}

int open_partial(const std::string& path) {
  const std::string partial = path + ".partial";
  const int descriptor = ::open(partial.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    throw Error(ErrorKind::system, concat(partial, ": cannot create: ", std::strerror(errno)));
  }
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor);
    throw Error(ErrorKind::usage, concat(partial, ": another process is writing it"));
  }
  return descriptor;
}

}  // namespace

std::string OutputFile::partial_path(const std::string& path) {
  return final_path(path) + ".partial";
}

OutputFile::OutputFile(int descriptor, bool owned, std::string path, std::string name,
                       std::int64_t size)
    : descriptor_(descriptor),
      owned_(owned),
      path_(std::move(path)),
      name_(std::move(name)),
      seekable_(owned),
      size_(size) {}

OutputFile OutputFile::standard_output() {
  return OutputFile(STDOUT_FILENO, false, "", "<stdout>", 0);
}

OutputFile OutputFile::create(const std::string& path) {
  struct stat status {};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) {
    throw Error(ErrorKind::system, concat(path, ": expected a file, found a directory"));
  }
  if (!exists || S_ISREG(status.st_mode)) return resume(path, 0);
  // A device or a pipe is written to, never replaced.
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  OutputFile file(descriptor, true, "", path, 0);
  if (descriptor < 0) file.fail("cannot open");
  file.seekable_ = false;
  return file;
}

OutputFile OutputFile::resume(const std::string& given, std::int64_t size) {
  const std::string path = final_path(given);
  OutputFile file(open_partial(path), true, path, path + ".partial", size);
  if (::ftruncate(file.descriptor_, size) != 0 || ::lseek(file.descriptor_, size, SEEK_SET) < 0) {
    file.fail("cannot truncate");
  }
  return file;
}

OutputFile OutputFile::temporary() {
  std::error_code error;
  const auto folder = std::filesystem::temp_directory_path(error);
  std::string name = ((error ? "/tmp" : folder) / "convbert-XXXXXX").string();
  const int descriptor = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor < 0) {
    throw Error(ErrorKind::system,
                concat(name, ": cannot create a temporary file: ", std::strerror(errno)));
  }
  ::unlink(name.c_str());
  return OutputFile(descriptor, true, "", name, 0);
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      owned_(std::exchange(other.owned_, false)),
      path_(std::move(other.path_)),
      name_(std::move(other.name_)),
      seekable_(other.seekable_),
      size_(other.size_) {}

OutputFile::~OutputFile() {
  if (owned_ && descriptor_ >= 0) ::close(descriptor_);
}

void OutputFile::fail(const char* what) const {
  throw Error(ErrorKind::system, concat(name_, ": ", what, ": ", std::strerror(errno)));
}

void OutputFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      if (errno == EPIPE) throw ClosedPipe{};
      fail("cannot write");
    }
    size_ += count;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void OutputFile::write_at(std::int64_t position, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(descriptor_, bytes.data(), bytes.size(), position);
    if (count < 0) {
      if (errno == EINTR) continue;
      fail("cannot write");
    }
    position += count;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void OutputFile::read_back(const std::function<void(std::string_view)>& visit) const {
  std::vector<char> buffer(1 << 20);
  for (std::int64_t position = 0; position < size_;) {
    const ssize_t count = ::pread(descriptor_, buffer.data(), buffer.size(), position);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("cannot read back");
    if (count == 0) throw Error(ErrorKind::system, concat(name_, ": was cut short meanwhile"));
    visit({buffer.data(), static_cast<std::size_t>(count)});
    position += count;
  }
}

void OutputFile::finish() {
  if (path_.empty()) return;
  if (::fsync(descriptor_) != 0 && errno != EINVAL) fail("cannot flush to disk");
  if (std::rename(name_.c_str(), path_.c_str()) != 0) fail("cannot rename");
  std::filesystem::path folder = std::filesystem::path(path_).parent_path();
  if (folder.empty()) folder = ".";
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    ::fsync(directory);  // some file systems refuse; the rename itself has been done
    ::close(directory);
  }
}

}  // namespace convbert
