#include "io/compressors.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <new>

#include "core/error.h"

namespace convbert {
namespace {

constexpr std::size_t kStep = 1 << 16;

class GzipCompressor : public Compressor {
 public:
  GzipCompressor() {
    constexpr int kWindowBits = 15 + 16;  // 16 for a gzip header, which says nothing of time
    constexpr int kMemoryLevel = 8;
    if (deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kWindowBits, kMemoryLevel,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~GzipCompressor() override { deflateEnd(&stream_); }
  GzipCompressor(const GzipCompressor&) = delete;
  GzipCompressor& operator=(const GzipCompressor&) = delete;

  void feed(std::string_view plain, std::string& out) override {
    constexpr std::size_t kMost = 1 << 30;  // zlib counts in unsigned int
    while (!plain.empty()) {
      const std::string_view part = plain.substr(0, kMost);
      run(part, Z_NO_FLUSH, out);
      plain.remove_prefix(part.size());
    }
  }
  void finish(std::string& out) override { run({}, Z_FINISH, out); }

 private:
  void run(std::string_view plain, int flush, std::string& out) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
    stream_.avail_in = static_cast<uInt>(plain.size());
    std::array<char, kStep> buffer;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
      stream_.avail_out = buffer.size();
      deflate(&stream_, flush);
      out.append(buffer.data(), buffer.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

  z_stream stream_{};
};

class ZstdCompressor : public Compressor {
 public:
  ZstdCompressor() : stream_(ZSTD_createCCtx()) {
    if (stream_ == nullptr) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(stream_.get(), ZSTD_c_checksumFlag, 1);
  }

  void feed(std::string_view plain, std::string& out) override { run(plain, ZSTD_e_continue, out); }
  void finish(std::string& out) override { run({}, ZSTD_e_end, out); }

 private:
  void run(std::string_view plain, ZSTD_EndDirective directive, std::string& out) {
    ZSTD_inBuffer in{plain.data(), plain.size(), 0};
    std::array<char, kStep> buffer;
    std::size_t left = 0;
    do {
      ZSTD_outBuffer step{buffer.data(), buffer.size(), 0};
      left = ZSTD_compressStream2(stream_.get(), &step, &in, directive);
      if (ZSTD_isError(left)) {
        throw Error(ErrorKind::internal, concat("zstd: ", ZSTD_getErrorName(left)));
      }
      out.append(buffer.data(), step.pos);
    } while (directive == ZSTD_e_end ? left > 0 : in.pos < in.size);
  }

  struct Free {
    void operator()(ZSTD_CCtx* stream) const { ZSTD_freeCCtx(stream); }
  };
  std::unique_ptr<ZSTD_CCtx, Free> stream_;
};

constexpr std::string_view kGzipEnding = ".gz";
constexpr std::string_view kZstdEnding = ".zst";

}  // namespace

Compression compression_of(std::string_view path) {
  if (path.ends_with(kGzipEnding)) return Compression::gzip;
  if (path.ends_with(kZstdEnding)) return Compression::zstd;
  return Compression::none;
}

std::string_view without_compression(std::string_view path) {
  switch (compression_of(path)) {
    case Compression::gzip: path.remove_suffix(kGzipEnding.size()); break;
    case Compression::zstd: path.remove_suffix(kZstdEnding.size()); break;
    case Compression::none: break;
  }
  return path;
}

std::unique_ptr<Compressor> make_compressor(Compression compression) {
  switch (compression) {
    case Compression::gzip: return std::make_unique<GzipCompressor>();
    case Compression::zstd: return std::make_unique<ZstdCompressor>();
    case Compression::none: break;
  }
  return nullptr;
}

}  // namespace convbert
