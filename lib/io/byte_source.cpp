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
  // Without O_NONBLOCK open() waits for the writer of a named pipe; so poll() does, beside
  // `cancel`.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
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
      decompressor_(std::move(other.decompressor_)),
      compressed_(std::move(other.compressed_)),
      used_(other.used_),
      has_more_plain_(other.has_more_plain_),
      failure_(std::move(other.failure_)) {}

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
  sniffed_ = true;
  while (true) {
    switch (packing_of(head_)) {
      case Packing::undecided: break;
      case Packing::none: return;
      case Packing::gzip: decompressor_ = make_gzip_decompressor(name_); return;
      case Packing::zstd: decompressor_ = make_zstd_decompressor(name_); return;
    }
    if (!read_raw(head_)) return;
  }
}

bool ByteSource::read_plain(std::string& buffer) {
  if (!head_.empty()) {
    buffer += std::exchange(head_, {});
    return true;
  }
  return read_raw(buffer);
}

bool ByteSource::decompress(std::string& buffer) {
  const std::size_t before = buffer.size();
  while (buffer.size() == before && !cancel_.requested() && !decompressor_->has_other_data()) {
    if (used_ == compressed_.size() && !has_more_plain_) {
      used_ = 0;
      compressed_.clear();
      if (!read_plain(compressed_)) {
        if (!cancel_.requested()) decompressor_->finish();
        return false;
      }
    }
    std::string_view rest = std::string_view(compressed_).substr(used_);
    has_more_plain_ = decompressor_->feed(rest, buffer);
    used_ = compressed_.size() - rest.size();
  }
  return buffer.size() > before;
}

bool ByteSource::read(std::string& buffer) {
  if (failure_) std::rethrow_exception(failure_);
  if (!sniffed_) sniff();
  if (ended_) return false;
  const std::size_t before = buffer.size();
  try {
    ended_ = decompressor_ ? !decompress(buffer) : !read_plain(buffer);
  } catch (const Error&) {
    if (buffer.size() == before) throw;
    failure_ = std::current_exception();
  }
  return !ended_;
}

void ByteSource::check_end() const {
  if (decompressor_ && decompressor_->has_other_data()) {
    throw Error(ErrorKind::format, concat(name_, ": something else follows the compressed data; ",
                                          "what is before it has been read"));
  }
}

}  // namespace convbert
