#include "nn/dropout.h"

#include <algorithm>

#include "nn/checks.h"
#include "nn/lanes.h"

namespace convbert::nn {
namespace {

// The finaliser of SplitMix64 (Steele et al. 2014): a bijection whose every output bit depends on
// all input bits.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

CONVBERT_INLINE Words splat_words(std::uint32_t value) { return value - Words{}; }

// Whether an element stays: MurmurHash3's finaliser for 32 bits (Appleby 2011) of its column and
// the row's key, half of which comes in between its two multiplications.
struct Drop {
  static CONVBERT_INLINE void run(const float* x, float* y, std::int64_t count, std::uint64_t key,
                                  std::int32_t threshold, float scale) {
    const Words high = splat_words(static_cast<std::uint32_t>(key >> 32));
    Words place;
    for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
      place[lane] = static_cast<std::uint32_t>(key) + lane * kGolden;
    }
    for_each_vector(count, [&](std::int64_t i, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
      Words random = ((place ^ (place >> 16)) * 0x85EBCA6Bu) ^ high;
      random = (random ^ (random >> 13)) * 0xC2B2AE35u;
      random ^= random >> 16;
      Ints draw;  // of 31 bits: AVX2 compares signed numbers only
      const Words positive = random >> 1;
      std::memcpy(&draw, &positive, sizeof(draw));
      const Floats kept = load_lanes(x + i, lanes) * splat(scale);
      store_lanes(y + i, draw < threshold ? Floats{} : kept, lanes);
      place += static_cast<std::uint32_t>(kLanes) * kGolden;
    });
  }

  static constexpr std::uint32_t kGolden = 0x9E3779B9u;  // 2^32 over the golden ratio
};

}  // namespace

std::uint64_t random_key(std::initializer_list<std::uint64_t> parts) {
  constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15u;  // SplitMix64's increment
  std::uint64_t key = 0;
  for (const std::uint64_t part : parts) key = mix(key + kGolden + mix(part + kGolden));
  return key;
}

void Dropout::apply(ConstMatrixView x, MatrixView y, std::int64_t first_row) const {
  expect_shape("Dropout", x, y.rows, y.columns);
  if (!(rate >= 0.0f && rate < 1.0f)) {
    throw Error(ErrorKind::internal, concat("Dropout: expected a rate from 0 to 1, found ", rate));
  }
  constexpr double kRange = 2147483648.0;  // of 31 bits
  const auto threshold = static_cast<std::int32_t>(std::min(rate * kRange, kRange - 1.0));
  const float scale = 1.0f / (1.0f - rate);
  for (std::int64_t row = 0; row < y.rows; ++row) {
    const std::uint64_t row_key = random_key({key, static_cast<std::uint64_t>(first_row + row)});
    dispatch<Drop>(x.row(row), y.row(row), y.columns, row_key, threshold, scale);
  }
}

}  // namespace convbert::nn
