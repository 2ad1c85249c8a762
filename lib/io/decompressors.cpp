#include "io/decompressors.h"

#include <zlib.h>
#include <zstd.h>

#include <array>
#include <new>

#include "core/error.h"

namespace convbert {
namespace {

constexpr std::size_t kChunk = 1 << 16;

class GzipDecompressor : public Decompressor {
 public:
  explicit GzipDecompressor(std::string source) : source_(std::move(source)) {
    // 15 bits of window, 16 for "gzip only".
    if (inflateInit2(&stream_, 15 + 16) != Z_OK) throw std::bad_alloc();
  }
  ~GzipDecompressor() override { inflateEnd(&stream_); }
  GzipDecompressor(const GzipDecompressor&) = delete;
  GzipDecompressor& operator=(const GzipDecompressor&) = delete;

  void feed(std::string_view compressed, std::string& plain) override {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
    stream_.avail_in = static_cast<uInt>(compressed.size());
    bool output_was_full = false;
    while (stream_.avail_in > 0 || output_was_full) {
      if (member_ended_) {  // another member follows
        inflateReset(&stream_);
        member_ended_ = false;
      }
      std::array<char, kChunk> buffer;
      stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
      stream_.avail_out = buffer.size();
      const int status = inflate(&stream_, Z_NO_FLUSH);
      plain.append(buffer.data(), buffer.size() - stream_.avail_out);
      output_was_full = stream_.avail_out == 0;
      if (status == Z_STREAM_END) {
        member_ended_ = true;
        output_was_full = false;
      } else if (status == Z_BUF_ERROR) {
        break;  // wants more input
      } else if (status != Z_OK) {
        throw Error(ErrorKind::format, concat(source_, ": damaged gzip data",
                                              stream_.msg ? concat(": ", stream_.msg) : ""));
      }
    }
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

  void feed(std::string_view compressed, std::string& plain) override {
    ZSTD_inBuffer in{compressed.data(), compressed.size(), 0};
    bool output_was_full = false;
    while (in.pos < in.size || output_was_full) {
      std::array<char, kChunk> buffer;
      ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
      const std::size_t status = ZSTD_decompressStream(stream_.get(), &out, &in);
      if (ZSTD_isError(status)) {
        throw Error(ErrorKind::format,
                    concat(source_, ": damaged zstd data: ", ZSTD_getErrorName(status)));
      }
      plain.append(buffer.data(), out.pos);
      frame_ended_ = status == 0;
      output_was_full = out.pos == out.size;
    }
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
