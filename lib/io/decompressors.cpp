#include "io/decompressors.h"

#include <zlib.h>
#include <zstd.h>

#include <array>
#include <new>

#include "core/error.h"

namespace convbert {
namespace {

class GzipDecompressor : public Decompressor {
 public:
  explicit GzipDecompressor(std::string source) : source_(std::move(source)) {
    // 15 bits of window, 16 for "gzip only".
    if (inflateInit2(&stream_, 15 + 16) != Z_OK) throw std::bad_alloc();
  }
  ~GzipDecompressor() override { inflateEnd(&stream_); }
  GzipDecompressor(const GzipDecompressor&) = delete;
  GzipDecompressor& operator=(const GzipDecompressor&) = delete;

  bool feed(std::string_view& compressed, std::string& plain) override {
    if (member_ended_ && !compressed.empty()) {  // another member follows
      inflateReset(&stream_);
      member_ended_ = false;
    }
    std::array<char, kDecompressorStep> buffer;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
    stream_.avail_in = static_cast<uInt>(compressed.size());
    stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream_.avail_out = buffer.size();
    const int status = inflate(&stream_, Z_NO_FLUSH);
    compressed.remove_prefix(compressed.size() - stream_.avail_in);
    plain.append(buffer.data(), buffer.size() - stream_.avail_out);
    if (status == Z_STREAM_END) {
      member_ended_ = true;
      return !compressed.empty();
    }
    if (status == Z_BUF_ERROR) return false;  // wants more input
    if (status != Z_OK) {
      throw Error(ErrorKind::format, concat(source_, ": damaged gzip data",
                                            stream_.msg ? concat(": ", stream_.msg) : ""));
    }
    return !compressed.empty() || stream_.avail_out == 0;
  }

  void finish() override {
    if (!member_ended_) {
      throw Error(ErrorKind::format, concat(source_, ": the gzip data is cut short"));
    }
  }

 private:
  std::string source_;
  z_stream stream_{};
  bool member_ended_ = false;
};

class ZstdDecompressor : public Decompressor {
 public:
  explicit ZstdDecompressor(std::string source)
      : source_(std::move(source)), stream_(ZSTD_createDStream()) {
    if (stream_ == nullptr) throw std::bad_alloc();
  }

  bool feed(std::string_view& compressed, std::string& plain) override {
    std::array<char, kDecompressorStep> buffer;
    ZSTD_inBuffer in{compressed.data(), compressed.size(), 0};
    ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
    const std::size_t status = ZSTD_decompressStream(stream_.get(), &out, &in);
    if (ZSTD_isError(status)) {
      throw Error(ErrorKind::format,
                  concat(source_, ": damaged zstd data: ", ZSTD_getErrorName(status)));
    }
    compressed.remove_prefix(in.pos);
    plain.append(buffer.data(), out.pos);
    if (in.pos > 0 || out.pos > 0) frame_ended_ = status == 0;
    return !compressed.empty() || out.pos == out.size;
  }

  void finish() override {
    if (!frame_ended_) {
      throw Error(ErrorKind::format, concat(source_, ": the zstd data is cut short"));
    }
  }

 private:
  struct Free {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };
  std::string source_;
  std::unique_ptr<ZSTD_DStream, Free> stream_;
  bool frame_ended_ = false;
};

}  // namespace

std::unique_ptr<Decompressor> make_gzip_decompressor(const std::string& source) {
  return std::make_unique<GzipDecompressor>(source);
}

std::unique_ptr<Decompressor> make_zstd_decompressor(const std::string& source) {
  return std::make_unique<ZstdDecompressor>(source);
}

}  // namespace convbert
