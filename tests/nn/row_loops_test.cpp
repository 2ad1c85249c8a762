// Passes over rows against their equations, computed in doubles.
#include "nn/row_loops.h"

#include <doctest/doctest.h>

#include <bit>

#include "nn/layer_norm.h"
#include "nn/reference.h"

namespace convbert::nn {
namespace {

TEST_CASE("rounding to bfloat16 is to nearest even and keeps what is not finite") {
  const float values[] = {1.0f, 1.00390625f, 1.01171875f, -2.0f / 3, 3.4e38f, INFINITY, -INFINITY};
  const float expected[] = {1.0f, 1.0f, 1.015625f, -0.66796875f, INFINITY, INFINITY, -INFINITY};
  std::uint16_t narrow[7];
  float wide[7];
  narrow_to_bf16(values, narrow, 7);
  widen_from_bf16(narrow, wide, 7);
  for (int i = 0; i < 7; ++i) CHECK(wide[i] == expected[i]);
  const float nan = std::bit_cast<float>(0x7FFFFFFFu);
  narrow_to_bf16(&nan, narrow, 1);
  widen_from_bf16(narrow, wide, 1);
  CHECK(std::isnan(wide[0]));
}

TEST_CASE("rows quantise to half a step, and say so when they are not finite") {
  Random random(9);
  std::vector<float> row = random.floats(101);
  std::vector<std::uint8_t> quantized(row.size());
  const auto count = static_cast<std::int64_t>(row.size());
  const RowScale scale = quantize(row.data(), quantized.data(), count);
  for (std::size_t i = 0; i < row.size(); ++i) {
    const float back = scale.scale * static_cast<float>(quantized[i]) + scale.offset;
    CHECK(std::abs(back - row[i]) <= scale.scale * 0.501f);
  }
  std::ranges::fill(row, 0.0f);
  CHECK(quantize(row.data(), quantized.data(), count).scale == 0.0f);
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    row[50] = bad;
    CHECK_FALSE(std::isfinite(quantize(row.data(), quantized.data(), count).scale));
  }
}

TEST_CASE("activations over their whole range, NaN included") {
  for (const Activation activation : {Activation::gelu, Activation::gelu_tanh, Activation::relu,
                                      Activation::silu, Activation::tanh}) {
    std::vector<float> row;
    for (float x = -100.0f; x < 100.0f; x += 0.01f) row.push_back(x);
    std::vector<float> found = row;
    activate(activation, found.data(), static_cast<std::int64_t>(found.size()));
    double largest = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const double expected = apply(activation, row[i]);
      largest =
          std::max(largest, std::abs(expected - found[i]) / std::max(1.0, std::abs(expected)));
    }
    INFO(name_of(activation));
    CHECK(largest < 2e-6);
    float nan = NAN;
    activate(activation, &nan, 1);
    CHECK(std::isnan(nan));
  }
}

TEST_CASE("layer normalisation, also of rows without variance") {
  Random random(4);
  Workspace workspace;
  const auto scale = random.floats(50);
  const auto shift = random.floats(50);
  const MatrixView x = random.matrix(workspace, 11, 50);
  std::fill_n(x.row(3), 50, 2.5f);
  const std::vector<float> before(x.data, x.data + 11 * 50);
  const LayerNorm norm(scale, shift, 1e-12f);
  norm.forward(x);
  for (std::int64_t row = 0; row < 11; ++row) {
    const float* values = before.data() + row * 50;
    double mean = 0;
    double variance = 0;
    for (int i = 0; i < 50; ++i) mean += values[i] / 50.0;
    for (int i = 0; i < 50; ++i) variance += (values[i] - mean) * (values[i] - mean) / 50.0;
    for (std::size_t i = 0; i < 50; ++i) {
      const double expected =
          (values[i] - mean) / std::sqrt(variance + 1e-12) * scale[i] + shift[i];
      CHECK(x.row(row)[i] == doctest::Approx(expected).epsilon(1e-4));
    }
  }
}

TEST_CASE("softmax over groups of columns, large values included") {
  Random random(5);
  Workspace workspace;
  const MatrixView x = random.matrix(workspace, 13, 12);
  x.row(2)[4] = 500.0f;
  const std::vector<float> before(x.data, x.data + 13 * 12);
  for (std::int64_t row = 0; row < x.rows; ++row) softmax_of_groups(x.row(row), 3, 12);
  for (std::size_t first = 0; first < before.size(); first += 3) {
    double sum = 0;
    double largest = before[first];
    for (std::size_t i = 0; i < 3; ++i) largest = std::max<double>(largest, before[first + i]);
    for (std::size_t i = 0; i < 3; ++i) sum += std::exp(before[first + i] - largest);
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(x.data[first + i] ==
            doctest::Approx(std::exp(before[first + i] - largest) / sum).epsilon(1e-5));
    }
  }
}

}  // namespace
}  // namespace convbert::nn
