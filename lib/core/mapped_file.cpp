#include "core/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <utility>

#include "core/error.h"

namespace convbert {
namespace {

// What is mapped at present, for the signal handler, which may look at atomics alone.
struct MappedRange {
  std::atomic<bool> taken{false};
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::uintptr_t> end{0};  // 0: not to be looked at
  std::atomic<bool> was_cut{false};
};
constexpr std::size_t kMostMappings = 1024;
constexpr std::size_t kNoSlot = kMostMappings;
constinit std::array<MappedRange, kMostMappings> ranges;

// The slot of the range from now on, or kNoSlot where all are taken.
std::size_t remember(const void* data, std::size_t size) {
  for (std::size_t slot = 0; slot < kMostMappings; ++slot) {
    if (ranges[slot].taken.exchange(true)) continue;
    const auto begin = reinterpret_cast<std::uintptr_t>(data);
    ranges[slot].was_cut = false;
    ranges[slot].begin = begin;
    ranges[slot].end = begin + size;
    return slot;
  }
  return kNoSlot;
}

void forget(std::size_t slot) {
  ranges[slot].end = 0;
  ranges[slot].taken = false;
}

// Puts a page of zeros where a mapped file has none any more.
bool replace_page(std::uintptr_t address) {
  for (MappedRange& range : ranges) {
    if (address < range.begin || address >= range.end) continue;
    const auto page_size = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    void* page = reinterpret_cast<void*>(address / page_size * page_size);
    range.was_cut = true;
    return ::mmap(page, page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
           page;
  }
  return false;
}

extern "C" void on_bus_error(int signal, siginfo_t* info, void*) {
  const int saved_errno = errno;
  // Not ours: the instruction runs once more, without this handler.
  if (!replace_page(reinterpret_cast<std::uintptr_t>(info->si_addr))) {
    std::signal(signal, SIG_DFL);
  }
  errno = saved_errno;
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) : path_(path.string()) {
  const auto fail = [&](const char* what) {
    throw Error(ErrorKind::system, concat(path_, ": ", what, ": ", std::strerror(errno)));
  };
  FileDescriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (descriptor.number() < 0) fail("cannot open");

  struct stat status {};
  if (::fstat(descriptor.number(), &status) != 0) fail("cannot stat");
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorKind::system, concat(path_, ": expected a regular file"));
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return;  // an empty mapping is an error to mmap, an empty span is not to us
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor.number(), 0);
  if (address == MAP_FAILED) fail("cannot map");
  slot_ = remember(address, size);
  if (slot_ == kNoSlot) {
    ::munmap(address, size);
    throw Error(ErrorKind::system, concat(path_, ": more than ", kMostMappings,
                                          " files of models are open at a time"));
  }
  data_ = static_cast<const std::byte*>(address);
  size_ = size;
  descriptor_ = std::move(descriptor);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::move(other.descriptor_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      slot_(other.slot_) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(slot_, other.slot_);
  return *this;
}

void MappedFile::check() const {
  if (data_ == nullptr) return;
  struct stat status {};
  if (::fstat(descriptor_.number(), &status) == 0 &&
      static_cast<std::size_t>(status.st_size) >= size_ && !ranges[slot_].was_cut) {
    return;
  }
  throw Error(ErrorKind::system, concat(path_, ": the file was cut short while it was in use: it ",
                                        "had ", size_, " bytes"));
}

void MappedFile::release_pages(std::size_t offset, std::size_t size) const {
  // Of a file that was cut, the zeros that replace it must stay.
  if (data_ == nullptr || size == 0 || ranges[slot_].was_cut) return;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t begin = offset / page * page;
  ::madvise(const_cast<std::byte*>(data_) + begin, offset + size - begin, MADV_DONTNEED);
}

MappedFile::~MappedFile() {
  if (data_ == nullptr) return;
  forget(slot_);
  ::munmap(const_cast<std::byte*>(data_), size_);
}

void survive_cut_files() {
  struct sigaction action {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  ::sigaction(SIGBUS, &action, nullptr);
}

}  // namespace convbert
