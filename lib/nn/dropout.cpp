#include "nn/dropout.h"

#include <algorithm>

#include "core/random.h"
#include "nn/checks.h"
#include "nn/lanes.h"

namespace convbert::nn {
namespace {

// y = factor * x, where a factor is 0 or `scale`: MurmurHash3's finaliser for 32 bits (Appleby
// 2011) of the column and the row's key, half of which comes in between its two multiplications.
// Factors are made in a plain loop, which compilers turn into AVX2's integer instructions; of wide
// integer vectors GCC makes one number at a time.
struct Drop {
  static CONVBERT_INLINE void run(const float* x, float* y, std::int64_t count, std::uint64_t key,
                                  std::int32_t threshold, float scale) {
    constexpr std::uint32_t kGolden = 0x9E3779B9u;  // 2^32 over the golden ratio
    constexpr std::int64_t kBlock = 4 * kLanes;
    const auto low = static_cast<std::uint32_t>(key);
    const auto high = static_cast<std::uint32_t>(key >> 32);
    for (std::int64_t first = 0; first < count; first += kBlock) {
      float factors[kBlock];
      for (std::int64_t i = 0; i < kBlock; ++i) {
        std::uint32_t random = low + static_cast<std::uint32_t>(first + i) * kGolden;
        random = ((random ^ (random >> 16)) * 0x85EBCA6Bu) ^ high;
        random = (random ^ (random >> 13)) * 0xC2B2AE35u;
        random ^= random >> 16;
        factors[i] = static_cast<std::int32_t>(random >> 1) < threshold ? 0.0f : scale;
      }
      const std::int64_t here = count - first < kBlock ? count - first : kBlock;
      for_each_vector(here, [&](std::int64_t i, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
        store_lanes(y + first + i, load_lanes(x + first + i, lanes) * load(factors + i), lanes);
      });
    }
  }
};

}  // namespace

std::uint64_t random_key(std::initializer_list<std::uint64_t> parts) {
  std::uint64_t key = 0;
  for (const std::uint64_t part : parts) {
    key = mixed(key + kGoldenRatio + mixed(part + kGoldenRatio));
  }
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
