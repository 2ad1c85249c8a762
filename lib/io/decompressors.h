// gzip (RFC 1952) through zlib, zstd (RFC 8878) through libzstd.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "io/byte_source.h"

namespace convbert {

inline constexpr std::string_view kGzipMagic{"\x1f\x8b", 2};
inline constexpr std::string_view kZstdMagic{"\x28\xb5\x2f\xfd", 4};

// `source` names the file in messages.
std::unique_ptr<Decompressor> make_gzip_decompressor(const std::string& source);
std::unique_ptr<Decompressor> make_zstd_decompressor(const std::string& source);

}  // namespace convbert
