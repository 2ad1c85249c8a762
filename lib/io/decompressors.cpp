#include "io/decompressors.h"

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <array>
#include <new>

#include "core/error.h"

namespace convbert {
namespace {

constexpr std::string_view kGzipMagic{"\x1f\x8b", 2};
constexpr std::string_view kZstdMagic{"\x28\xb5\x2f\xfd", 4};
constexpr std::string_view kSkippedMagic{"\x50\x2a\x4d\x18", 4};  // to 5f in its first byte

bool is_skipped_frame(std::string_view head) {
  return !head.empty() && (head[0] & 0xf0) == kSkippedMagic[0] &&
         head.substr(1) == kSkippedMagic.substr(1, head.size() - 1);
}

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
    if (member_ended_) {
      compressed.remove_prefix(std::min(compressed.find_first_not_of('\0'), compressed.size()));
      if (compressed.empty()) return false;
      inflateReset(&stream_);  // for another member, it seems
      member_ended_ = false;
      is_first_ = false;
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
      has_other_data_ = is_no_member();
      if (has_other_data_) return false;
      throw Error(ErrorKind::format, concat(source_, ": damaged gzip data",
                                            stream_.msg ? concat(": ", stream_.msg) : ""));
    }
    return !compressed.empty() || stream_.avail_out == 0;
  }

  void finish() override {
    if (member_ended_) return;
    has_other_data_ = is_no_member();
    if (!has_other_data_) {
      throw Error(ErrorKind::format, concat(source_, ": the gzip data is cut short"));
    }
  }

 private:
  // Did what follows a member not get beyond the two bytes that each begins with?
  bool is_no_member() const { return !is_first_ && stream_.total_in <= kGzipMagic.size(); }

  std::string source_;
  z_stream stream_{};
  bool is_first_ = true;
  bool member_ended_ = false;
};

class ZstdDecompressor : public Decompressor {
 public:
  explicit ZstdDecompressor(std::string source)
      : source_(std::move(source)), stream_(ZSTD_createDStream()) {
    if (stream_ == nullptr) throw std::bad_alloc();
    ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, kMostZstdWindowBits);
  }

  bool feed(std::string_view& compressed, std::string& plain) override {
    std::array<char, kDecompressorStep> buffer;
    ZSTD_inBuffer in{compressed.data(), compressed.size(), 0};
    ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
    const std::size_t status = ZSTD_decompressStream(stream_.get(), &out, &in);
    if (ZSTD_isError(status)) {
      has_other_data_ = has_ended_ && ZSTD_getErrorCode(status) == ZSTD_error_prefix_unknown;
      if (has_other_data_) return false;
      fail(status);
    }
    compressed.remove_prefix(in.pos);
    plain.append(buffer.data(), out.pos);
    frame_bytes_ += in.pos;
    if (in.pos > 0 || out.pos > 0) is_between_ = status == 0;
    if (is_between_) {
      has_ended_ = true;
      frame_bytes_ = 0;
    }
    return !compressed.empty() || out.pos == out.size;
  }

  void finish() override {
    if (is_between_) return;
    has_other_data_ = has_ended_ && frame_bytes_ < kZstdMagic.size();
    if (!has_other_data_) {
      throw Error(ErrorKind::format, concat(source_, ": the zstd data is cut short"));
    }
  }

 private:
  struct Free {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };
  [[noreturn]] void fail(std::size_t status) const {
    if (ZSTD_getErrorCode(status) == ZSTD_error_frameParameter_windowTooLarge) {
      throw Error(ErrorKind::format, concat(source_, ": zstd data with a window of more than ",
                                            1 << (kMostZstdWindowBits - 20),
                                            " MiB; unpack it before: zstd -dc --long=31"));
    }
    throw Error(ErrorKind::format,
                concat(source_, ": damaged zstd data: ", ZSTD_getErrorName(status)));
  }

  std::string source_;
  std::unique_ptr<ZSTD_DStream, Free> stream_;
  bool has_ended_ = false;       // a frame
  bool is_between_ = false;      // frames
  std::size_t frame_bytes_ = 0;  // taken of the present one
};

}  // namespace

Packing packing_of(std::string_view head) {
  if (head.starts_with(kGzipMagic)) return Packing::gzip;
  const std::string_view start = head.substr(0, kZstdMagic.size());
  const bool may_be_zstd = kZstdMagic.starts_with(start) || is_skipped_frame(start);
  if (may_be_zstd && start.size() == kZstdMagic.size()) return Packing::zstd;
  return may_be_zstd || kGzipMagic.starts_with(head) ? Packing::undecided : Packing::none;
}

std::unique_ptr<Decompressor> make_gzip_decompressor(const std::string& source) {
  return std::make_unique<GzipDecompressor>(source);
}

std::unique_ptr<Decompressor> make_zstd_decompressor(const std::string& source) {
  return std::make_unique<ZstdDecompressor>(source);
}

}  // namespace convbert
