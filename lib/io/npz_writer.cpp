#include "io/npz_writer.h"

#include <minizip/zip.h>

#include <exception>
#include <utility>

#include "core/error.h"

namespace convbert {
namespace {

// minizip writes through callbacks; an exception must not pass through its C code, so it is kept
// and thrown again behind it.
struct Sink {
  OutputFile& file;
  std::int64_t position = 0;
  std::exception_ptr failure;

  void rethrow() const {
    if (failure) std::rethrow_exception(failure);
  }
};

voidpf open_sink(voidpf opaque, const void*, int) { return opaque; }
uLong read_sink(voidpf, voidpf, void*, uLong) { return 0; }
uLong write_sink(voidpf, voidpf stream, const void* bytes, uLong size) {
  auto& sink = *static_cast<Sink*>(stream);
  if (sink.failure) return 0;
  try {
    const std::string_view text(static_cast<const char*>(bytes), size);
    if (sink.position == sink.file.size()) {
      sink.file.write(text);
    } else {
      sink.file.write_at(sink.position, text);  // an entry's sizes, known only after it
    }
  } catch (...) {
    sink.failure = std::current_exception();
    return 0;
  }
  sink.position += static_cast<std::int64_t>(size);
  return size;
}
ZPOS64_T tell_sink(voidpf, voidpf stream) {
  return static_cast<ZPOS64_T>(static_cast<Sink*>(stream)->position);
}
long seek_sink(voidpf, voidpf stream, ZPOS64_T offset, int origin) {
  auto& sink = *static_cast<Sink*>(stream);
  std::int64_t base = 0;
  if (origin == ZLIB_FILEFUNC_SEEK_CUR) base = sink.position;
  if (origin == ZLIB_FILEFUNC_SEEK_END) base = sink.file.size();
  sink.position = base + static_cast<std::int64_t>(offset);
  return 0;
}
int close_sink(voidpf, voidpf) { return 0; }
int error_sink(voidpf, voidpf stream) { return static_cast<Sink*>(stream)->failure ? 1 : 0; }

}  // namespace

struct NpzWriter::Impl {
  Sink sink;
  zipFile zip = nullptr;

  explicit Impl(OutputFile& output) : sink{output, output.size(), nullptr} {}

  void check(int status, const char* what) const {
    sink.rethrow();
    if (status != ZIP_OK) {
      throw Error(ErrorKind::system, concat(sink.file.name(), ": cannot ", what, " the archive"));
    }
  }
};

NpzWriter::NpzWriter(OutputFile& output) : impl_(std::make_unique<Impl>(output)) {
  zlib_filefunc64_def functions{open_sink, read_sink,  write_sink, tell_sink,
                                seek_sink, close_sink, error_sink, &impl_->sink};
  impl_->zip = zipOpen2_64("", APPEND_STATUS_CREATE, nullptr, &functions);
  impl_->check(impl_->zip == nullptr ? ZIP_ERRNO : ZIP_OK, "begin");
}

NpzWriter::~NpzWriter() {
  if (impl_->zip != nullptr) zipClose(impl_->zip, nullptr);
}

void NpzWriter::begin(const std::string& name) {
  zip_fileinfo info{};
  info.tmz_date.tm_mday = 1;  // a fixed date, 1980-01-01: equal results give equal files
  info.tmz_date.tm_year = 1980;
  // General purpose bit 11: the name is UTF-8. Method 0: stored.
  constexpr uLong kUtf8Name = 1 << 11;
  impl_->check(
      zipOpenNewFileInZip4_64(impl_->zip, (name + ".npy").c_str(), &info, nullptr, 0, nullptr, 0,
                              nullptr, 0, 0, 0, -15, 8, 0, nullptr, 0, 0, kUtf8Name, 1),
      "begin an array of");
}

void NpzWriter::append(std::string_view bytes) {
  constexpr std::size_t kMost = 1 << 30;  // minizip counts in unsigned int
  while (!bytes.empty()) {
    const auto part = bytes.substr(0, kMost);
    impl_->check(zipWriteInFileInZip(impl_->zip, part.data(), static_cast<unsigned>(part.size())),
                 "write to");
    bytes.remove_prefix(part.size());
  }
}

void NpzWriter::end() { impl_->check(zipCloseFileInZip(impl_->zip), "end an array of"); }

void NpzWriter::add(const std::string& name, std::string_view npy) {
  begin(name);
  append(npy);
  end();
}

void NpzWriter::close() {
  const int status = zipClose(std::exchange(impl_->zip, nullptr), nullptr);
  impl_->check(status, "complete");
}

}  // namespace convbert
