#include "io/byte_source.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "io/decompressors.h"

namespace convbert {
namespace {

constexpr std::size_t kChunk = 1 << 18;

}  // namespace

ByteSource::ByteSource(int descriptor, bool owned, std::string name, const CancelToken& cancel)
    : descriptor_(descriptor), owned_(owned), name_(std::move(name)), cancel_(cancel) {
  struct stat status {};
  if (::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode)) {
    size_ = status.st_size;
  }
}

ByteSource ByteSource::file(const std::string& path, const CancelToken& cancel) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    throw Error(ErrorKind::system, concat(path, ": cannot open: ", std::strerror(errno)));
  }
  return ByteSource(descriptor, true, path, cancel);
}

ByteSource ByteSource::standard_input(const CancelToken& cancel) {
  return ByteSource(STDIN_FILENO, false, "<stdin>", cancel);
}

ByteSource::ByteSource(ByteSource&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      owned_(std::exchange(other.owned_, false)),
      name_(std::move(other.name_)),
      cancel_(other.cancel_),
      position_(other.position_),
      size_(other.size_),
      sniffed_(other.sniffed_),
      ended_(other.ended_),
      head_(std::move(other.head_)),
      decompressor_(std::move(other.decompressor_)) {}

ByteSource::~ByteSource() {
  if (owned_) ::close(descriptor_);
}

// One read(2), waited for beside the cancel token.
bool ByteSource::read_raw(std::string& buffer) {
  while (!cancel_.requested()) {
    std::array<pollfd, 2> waiting{{{descriptor_, POLLIN, 0}, {cancel_.descriptor(), POLLIN, 0}}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0) {
      if (errno == EINTR) continue;
      throw Error(ErrorKind::system, concat(name_, ": cannot wait: ", std::strerror(errno)));
    }
    if (waiting[0].revents == 0) continue;
    const std::size_t before = buffer.size();
    buffer.resize(before + kChunk);
    const ssize_t count = ::read(descriptor_, buffer.data() + before, kChunk);
    buffer.resize(before + (count > 0 ? static_cast<std::size_t>(count) : 0));
    if (count < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      throw Error(ErrorKind::system, concat(name_, ": cannot read: ", std::strerror(errno)));
    }
    position_ += count;
    return count > 0;
  }
  return false;
}

// Reads on while what there is could still be the start of a magic number.
void ByteSource::sniff() {
  const auto undecided = [this] {
    return (head_.size() < kGzipMagic.size() && kGzipMagic.starts_with(head_)) ||
           (head_.size() < kZstdMagic.size() && kZstdMagic.starts_with(head_));
  };
  while (undecided()) {
    if (!read_raw(head_)) break;
  }
  sniffed_ = true;
  if (head_.starts_with(kGzipMagic)) decompressor_ = make_gzip_decompressor(name_);
  if (head_.starts_with(kZstdMagic)) decompressor_ = make_zstd_decompressor(name_);
}

bool ByteSource::read(std::string& buffer) {
  if (!sniffed_) sniff();
  const std::size_t before = buffer.size();
  std::string compressed;
  while (!ended_ && buffer.size() == before) {
    std::string& raw = decompressor_ ? compressed : buffer;
    raw += std::exchange(head_, {});
    if (raw.size() == (decompressor_ ? 0 : before) && !read_raw(raw)) {
      ended_ = true;
      if (decompressor_ && !cancel_.requested()) decompressor_->finish();
      break;
    }
    if (decompressor_) {
      decompressor_->feed(compressed, buffer);
      compressed.clear();
    }
  }
  return buffer.size() > before;
}

}  // namespace convbert
