// gzip (RFC 1952) through zlib, zstd (RFC 8878) through libzstd, as files are written.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace convbert {

enum class Compression { none, gzip, zstd };

// What the ending of a path asks for: ".gz", ".zst". The same text gives the same bytes.
Compression compression_of(std::string_view path);
// The path without that ending.
std::string_view without_compression(std::string_view path);

class Compressor {
 public:
  virtual ~Compressor() = default;
  // Appends to `out` what is ready; the rest comes with later calls.
  virtual void feed(std::string_view plain, std::string& out) = 0;
  virtual void finish(std::string& out) = 0;
};

// Nothing for Compression::none.
std::unique_ptr<Compressor> make_compressor(Compression compression);

}  // namespace convbert
