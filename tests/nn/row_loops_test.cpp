// Passes over rows against their equations, computed in doubles.
#include "nn/row_loops.h"

#include <doctest/doctest.h>

#include <bit>

#include "nn/reference.h"

namespace convbert::nn {
namespace {

float widened(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

TEST_CASE("rounding to bfloat16 is to nearest even and keeps what is not finite") {
  const float values[] = {1.0f, 1.00390625f, 1.01171875f, -2.0f / 3, 3.4e38f, INFINITY, -INFINITY};
  const float expected[] = {1.0f, 1.0f, 1.015625f, -0.66796875f, INFINITY, INFINITY, -INFINITY};
  std::uint16_t narrow[7];
  float wide[7];
  narrow_to_bf16(values, narrow, 7);
  for (int i = 0; i < 7; ++i) CHECK(widened(narrow[i]) == expected[i]);
  round_to_bf16(values, wide, 7);
  for (int i = 0; i < 7; ++i) CHECK(wide[i] == expected[i]);
  const float nan = std::bit_cast<float>(0x7FFFFFFFu);
  narrow_to_bf16(&nan, narrow, 1);
  CHECK(std::isnan(widened(narrow[0])));
  round_to_bf16(&nan, wide, 1);
  CHECK(std::isnan(wide[0]));
}

TEST_CASE("an inner product is that of doubles, whatever the length") {
  Random random(4);
  const std::vector<float> x = random.floats(131);
  const std::vector<float> y = random.floats(131);
  double expected = 0;
  for (std::int64_t count = 0; count <= 131; ++count) {
    CHECK(inner_product(x.data(), y.data(), count) == doctest::Approx(expected).epsilon(1e-5));
    if (count == 131) break;
    expected += double{x[static_cast<std::size_t>(count)]} * y[static_cast<std::size_t>(count)];
  }
}

TEST_CASE("rows quantise to half a step, and say so when they are not finite") {
  Random random(9);
  std::vector<float> row = random.floats(101);
  std::vector<std::uint8_t> quantized(row.size());
  const auto count = static_cast<std::int64_t>(row.size());
  const RowScale scale = quantize(row.data(), quantized.data(), count);
  std::vector<float> rounded(row.size());
  round_to_u8(row.data(), rounded.data(), count);
  for (std::size_t i = 0; i < row.size(); ++i) {
    const float back = scale.scale * static_cast<float>(quantized[i]) + scale.offset;
    CHECK(std::abs(back - row[i]) <= scale.scale * 0.501f);
    CHECK(rounded[i] == doctest::Approx(back).epsilon(1e-6));
  }
  std::ranges::fill(row, 0.0f);
  CHECK(quantize(row.data(), quantized.data(), count).scale == 0.0f);
  round_to_u8(row.data(), rounded.data(), count);
  CHECK(rounded == row);
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    row[50] = bad;
    CHECK_FALSE(std::isfinite(quantize(row.data(), quantized.data(), count).scale));
    round_to_u8(row.data(), rounded.data(), count);
    for (const float value : rounded) CHECK(std::isnan(value));
  }
}

}  // namespace
}  // namespace convbert::nn
