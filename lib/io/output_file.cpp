#include "io/output_file.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/file_descriptor.h"
#include "io/partial_lock.h"

namespace convbert {
namespace {

constexpr mode_t kUsualMode = 0666;  // less the umask
constexpr mode_t kPermissions = 0777;
constexpr int kWaitForReader = 100;        // ms between two looks whether a pipe has a reader
constexpr int kGraceOfStopped = 500;       // ms for a reader, once a stop has been requested
constexpr std::size_t kPieceOf = 1 << 20;  // bytes that are read back at a time

// What a symbolic link stands for is replaced, not the link.
constexpr std::string_view kPartial = ".partial";

std::string final_path(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error)) return path;
  const auto target = std::filesystem::weakly_canonical(path, error);
  return error ? path : target.string();
}

[[noreturn]] void fail_with(const std::string& path, const char* what) {
  throw Error(ErrorKind::system, concat(path, ": ", what, ": ", std::strerror(errno)));
}

// In the name that was asked for: who gave that does not know the partial file.
void check_folder_of(const std::string& partial) {
  const std::string path = partial.substr(0, partial.size() - kPartial.size());
  const std::string folder = std::filesystem::path(path).parent_path().string();
  std::error_code error;
  if (!folder.empty() && !std::filesystem::exists(folder, error)) {
    throw Error(ErrorKind::system,
                concat(path, ": there is no folder ", folder, "; make it first"));
  }
}

// A partial file under its lock; -1 where there is none, and `flags` do not make one.
int open_locked(const std::string& partial, int flags, mode_t mode) {
  while (true) {
    FileDescriptor file(::open(
        partial.c_str(), flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, mode));
    if (file.number() < 0) {
      if (errno == ENOENT && (flags & O_CREAT) == 0) return -1;
      if (errno == ELOOP) {
        throw Error(ErrorKind::usage, concat(partial, ": is a symbolic link; remove it"));
      }
      if (errno == ENOENT) check_folder_of(partial);
      fail_with(partial, (flags & O_CREAT) != 0 ? "cannot create" : "cannot open");
    }
    const auto status = [&] {
      struct stat found {};
      if (::fstat(file.number(), &found) != 0) fail_with(partial, "cannot stat");
      return found;
    };
    if (!S_ISREG(status().st_mode)) {
      throw Error(ErrorKind::usage, concat(partial, ": expected a regular file; remove it"));
    }
    if (!lock_partial(file.number(), partial)) continue;
    if (status().st_nlink != 1) {
      throw Error(ErrorKind::usage, concat(partial, ": has a second name; remove this one"));
    }
    return file.release();
  }
}

// Opens a pipe for writing as soon as it has a reader.
int open_pipe(const std::string& path, const CancelToken* cancel) {
  while (true) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (descriptor >= 0) return descriptor;
    if (errno != ENXIO && errno != EINTR) fail_with(path, "cannot open");
    pollfd stop{cancel == nullptr ? -1 : cancel->descriptor(), POLLIN, 0};
    ::poll(&stop, 1, kWaitForReader);
    if (cancel != nullptr && cancel->requested()) throw StoppedOutput{};
  }
}

// The same pipe or terminal, opened once more for writes that do not block, which the descriptor
// that it is shared through must not be made to do; -1 where that cannot be.
int open_again(int descriptor) {
  if ((::fcntl(descriptor, F_GETFL) & O_ACCMODE) == O_RDONLY) return -1;
  const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  return ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

bool is_stream(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 && !S_ISREG(status.st_mode);
}

}  // namespace

std::string OutputFile::partial_path(const std::string& path) {
  return concat(final_path(path), kPartial);
}

std::string OutputFile::state_path(const std::string& path) {
  return partial_path(path) + ".state";
}

OutputFile::OutputFile(Target target, const OutputOptions& options)
    : descriptor_(target.descriptor),
      owned_(true),
      path_(std::move(target.path)),
      name_(std::move(target.name)),
      cancel_(options.cancel),
      compressor_(make_compressor(options.compression)) {}

OutputFile OutputFile::standard_output(const OutputOptions& options) {
  OutputFile file({STDOUT_FILENO, "", "<stdout>"}, options);
  file.owned_ = false;
  file.is_stream_ = is_stream(STDOUT_FILENO);
  if (!file.is_stream_) return file;
  const int again = open_again(STDOUT_FILENO);
  if (again < 0) return file;
  file.descriptor_ = again;
  file.owned_ = true;
  return file;
}

// Written to, never replaced.
OutputFile OutputFile::device(const std::string& path, const OutputOptions& options) {
  OutputFile file({open_pipe(path, options.cancel), "", path}, options);
  file.is_stream_ = true;
  return file;
}

OutputFile OutputFile::create(const std::string& given, const OutputOptions& options) {
  struct stat before {};
  const bool exists = ::stat(given.c_str(), &before) == 0;
  if (exists && S_ISDIR(before.st_mode)) {
    throw Error(ErrorKind::system, concat(given, ": expected a file, found a directory"));
  }
  if (exists && !S_ISREG(before.st_mode)) return device(given, options);

  const std::string path = final_path(given);
  const std::string partial = partial_path(given);
  // No more readable than the file that it will replace; finish() sets the rest.
  const mode_t mode = exists ? (before.st_mode & kUsualMode) | S_IRUSR | S_IWUSR : kUsualMode;
  OutputFile file({open_locked(partial, O_CREAT, mode), path, partial}, options);
  file.seekable_ = file.compressor_ == nullptr;
  ::unlink(state_path(given).c_str());  // before the bytes that it tells of
  if (::ftruncate(file.descriptor_, 0) != 0) file.fail("cannot truncate");
  return file;
}

std::optional<OutputFile> OutputFile::take_up(const std::string& given,
                                              const OutputOptions& options) {
  const std::string partial = partial_path(given);
  const int descriptor = open_locked(partial, 0, 0);
  if (descriptor < 0) return std::nullopt;
  OutputFile file({descriptor, final_path(given), partial}, options);
  file.seekable_ = true;
  file.size_ = ::lseek(descriptor, 0, SEEK_END);
  if (file.size_ < 0) file.fail("cannot seek");
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
  OutputFile file({descriptor, "", name}, {});
  file.seekable_ = true;
  return file;
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      owned_(std::exchange(other.owned_, false)),
      path_(std::exchange(other.path_, "")),
      name_(std::move(other.name_)),
      seekable_(other.seekable_),
      is_stream_(other.is_stream_),
      finished_(other.finished_),
      at_line_start_(other.at_line_start_),
      size_(other.size_),
      cancel_(other.cancel_),
      compressor_(std::move(other.compressor_)),
      compressed_(std::move(other.compressed_)) {}

OutputFile::~OutputFile() {
  struct stat status {};
  const bool is_empty = is_partial() && ::fstat(descriptor_, &status) == 0 && status.st_size == 0;
  if (is_empty && !finished_ && is_named(descriptor_, name_)) ::unlink(name_.c_str());
  if (owned_ && descriptor_ >= 0) ::close(descriptor_);
}

void OutputFile::fail(const char* what) const { fail_with(name_, what); }

void OutputFile::write(std::string_view bytes) {
  size_ += static_cast<std::int64_t>(bytes.size());
  if (!compressor_) return put(bytes);
  compressed_.clear();
  compressor_->feed(bytes, compressed_);
  put(compressed_);
}

void OutputFile::put(std::string_view bytes) {
  if (is_stream_) return put_stream(bytes);
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      fail("cannot write");
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

// To whom it is read slowly, or not at all. After a request to stop only the line under way is
// written, and only while somebody takes it.
void OutputFile::put_stream(std::string_view bytes) {
  // A descriptor that blocks takes what a pipe that has room takes at once, and no more.
  const bool blocks = (::fcntl(descriptor_, F_GETFL) & O_NONBLOCK) == 0;
  bool is_stopping = false;
  if (blocks && !bytes.empty()) is_stopping = wait_for_room(false);
  while (!bytes.empty()) {
    if (is_stopping) bytes = at_line_start_ ? "" : bytes.substr(0, bytes.find('\n') + 1);
    const std::string_view part = bytes.substr(0, blocks ? PIPE_BUF : bytes.size());
    const ssize_t count = part.empty() ? 0 : ::write(descriptor_, part.data(), part.size());
    if (count > 0) {
      at_line_start_ = part[static_cast<std::size_t>(count) - 1] == '\n';
      bytes.remove_prefix(static_cast<std::size_t>(count));
      if (!blocks || bytes.empty()) continue;
    } else if (count < 0) {
      if (errno == EPIPE || errno == ECONNRESET) throw ClosedPipe{};
      if (errno != EAGAIN && errno != EINTR) fail("cannot write");
    }
    if (!bytes.empty()) is_stopping = wait_for_room(is_stopping);
  }
  if (is_stopping) throw StoppedOutput{};
}

// Whether a stop has been requested. Throws StoppedOutput when it has been, and nobody reads.
bool OutputFile::wait_for_room(bool is_stopping) const {
  std::array<pollfd, 2> waiting{
      {{descriptor_, POLLOUT, 0}, {cancel_ == nullptr ? -1 : cancel_->descriptor(), POLLIN, 0}}};
  if (::poll(waiting.data(), 1, 0) == 1) return is_stopping;
  while (true) {
    is_stopping = is_stopping || (cancel_ != nullptr && cancel_->requested());
    const int ready =
        ::poll(waiting.data(), is_stopping ? 1 : 2, is_stopping ? kGraceOfStopped : -1);
    if (ready == 0) throw StoppedOutput{};
    if (ready < 0 && errno != EINTR) fail("cannot wait");
    if (ready > 0 && waiting[0].revents != 0) return is_stopping;
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

void OutputFile::cut(std::int64_t size) {
  if (::ftruncate(descriptor_, size) != 0 || ::lseek(descriptor_, size, SEEK_SET) < 0) {
    fail("cannot truncate");
  }
  size_ = size;
}

std::size_t OutputFile::read_at(std::int64_t position, std::span<char> buffer) const {
  std::size_t done = 0;
  while (done < buffer.size()) {
    const ssize_t count = ::pread(descriptor_, buffer.data() + done, buffer.size() - done,
                                  position + static_cast<std::int64_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("cannot read back");
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

void OutputFile::read_back(const std::function<void(std::string_view)>& visit) const {
  std::vector<char> buffer(kPieceOf);
  for (std::int64_t position = 0; position < size_;) {
    const std::size_t count = read_at(position, buffer);
    if (count == 0) throw Error(ErrorKind::system, concat(name_, ": was cut short meanwhile"));
    visit({buffer.data(), count});
    position += static_cast<std::int64_t>(count);
  }
}

// A disk that is full or broken may be told of only when what is written is closed (NFS, quotas).
void OutputFile::settle() const {
  const int copy = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
  if (copy >= 0 && ::close(copy) != 0 && errno != EINTR) fail("cannot write");
}

void OutputFile::finish() {
  if (compressor_) {
    compressed_.clear();
    compressor_->finish(compressed_);
    put(compressed_);
  }
  if (!is_partial()) return settle();
  if (::fsync(descriptor_) != 0 && errno != EINVAL) fail("cannot flush to disk");
  if (!is_named(descriptor_, name_)) {
    throw Error(ErrorKind::system, concat(name_, ": was removed or replaced meanwhile"));
  }
  struct stat replaced {};
  if (::stat(path_.c_str(), &replaced) == 0 &&
      ::fchmod(descriptor_, replaced.st_mode & kPermissions) != 0) {
    fail("cannot set the permissions");
  }
  if (std::rename(name_.c_str(), path_.c_str()) != 0) fail("cannot rename");
  finished_ = true;
  ::unlink(state_path(path_).c_str());
  std::filesystem::path folder = std::filesystem::path(path_).parent_path();
  if (folder.empty()) folder = ".";
  const FileDescriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ::fsync(directory.number());  // some file systems refuse; the rename itself has been done
}

}  // namespace convbert
