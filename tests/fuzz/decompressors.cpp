// gzip and zstd: any bytes, whole or one at a time, give the same plain bytes in bounded steps and
// the same end, be it that of the data or of what follows it, or an Error(format).
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/error.h"
#include "io/decompressors.h"

using namespace convbert;

namespace {

constexpr std::size_t kMostPlain = 1 << 20;  // a few bytes can stand for gigabytes

struct Outcome {
  std::string plain;
  bool is_whole = false;
  bool is_damaged = false;
  bool has_other_data = false;
  bool operator==(const Outcome&) const = default;
};

Outcome run(Decompressor& decompressor, std::string_view compressed, std::size_t piece) {
  Outcome outcome;
  try {
    while (!compressed.empty() && !decompressor.has_other_data()) {
      std::string_view part = compressed.substr(0, piece);
      compressed.remove_prefix(part.size());
      for (bool more = true; more;) {
        const std::size_t before = outcome.plain.size();
        more = decompressor.feed(part, outcome.plain);
        if (outcome.plain.size() - before > kDecompressorStep) __builtin_trap();
        if (outcome.plain.size() > kMostPlain) return outcome;
      }
      if (!part.empty() && !decompressor.has_other_data()) __builtin_trap();
    }
    if (!decompressor.has_other_data()) decompressor.finish();
    outcome.has_other_data = decompressor.has_other_data();
    outcome.is_whole = true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::format) __builtin_trap();
    outcome.is_damaged = true;
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Packing packing = packing_of(bytes);
  if (packing != Packing::gzip && packing != Packing::zstd) return 0;
  const auto make = packing == Packing::gzip ? make_gzip_decompressor : make_zstd_decompressor;
  Outcome whole = run(*make("file"), bytes, size);
  Outcome pieces = run(*make("file"), bytes, 1);
  if (whole.plain.size() > kMostPlain && pieces.plain.size() > kMostPlain) return 0;
  // Before the damage as much is plain as the pieces happen to give.
  if (whole.is_damaged && pieces.is_damaged) return 0;
  // libzstd looks otherwise at a frame that it has whole: an empty block of runs is damage to it in
  // pieces alone.
  if (packing == Packing::zstd && whole.is_damaged != pieces.is_damaged) {
    const std::size_t size = std::min(whole.plain.size(), pieces.plain.size());
    if (whole.plain.compare(0, size, pieces.plain, 0, size) != 0) __builtin_trap();
    return 0;
  }
  if (whole != pieces) __builtin_trap();
  return 0;
}
