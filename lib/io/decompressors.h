// gzip (RFC 1952) through zlib, zstd (RFC 8878) through libzstd.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "io/byte_source.h"

namespace convbert {

// What begins with these bytes; undecided while they are too few. zstd may begin with frames that
// are to be skipped.
enum class Packing { none, gzip, zstd, undecided };
Packing packing_of(std::string_view head);

// The farthest back that zstd data may refer, 2^27 bytes, which is what it may fill the memory
// with: all that zstd itself unpacks unasked.
inline constexpr int kMostZstdWindowBits = 27;

// `source` names the file in messages.
std::unique_ptr<Decompressor> make_gzip_decompressor(const std::string& source);
std::unique_ptr<Decompressor> make_zstd_decompressor(const std::string& source);

}  // namespace convbert
