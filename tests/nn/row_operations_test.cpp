// Operations on rows and elements against their equations, computed in doubles.
#include <doctest/doctest.h>

#include "nn/elementwise.h"
#include "nn/layer_norm.h"
#include "nn/reference.h"
#include "nn/softmax.h"

namespace convbert::nn {
namespace {

TEST_CASE("activations over their whole range, NaN included") {
  for (const Activation activation : {Activation::gelu, Activation::gelu_tanh, Activation::relu,
                                      Activation::silu, Activation::tanh}) {
    constexpr std::int64_t kColumns = 50;
    Workspace workspace;
    const PaddedRows x = allocate_rows(workspace, 400, kColumns);
    const PaddedRows y = allocate_rows(workspace, 400, kColumns);
    for (std::int64_t i = 0; i < 400 * kColumns; ++i) {
      x.data[i] = 0.01f * static_cast<float>(i) - 100.0f;
    }
    const ElementwiseActivation op(activation, kColumns);
    op.forward(x, y, workspace);
    double largest = 0;
    for (std::int64_t i = 0; i < 400 * kColumns; ++i) {
      const double expected = apply(activation, x.data[i]);
      largest =
          std::max(largest, std::abs(expected - y.data[i]) / std::max(1.0, std::abs(expected)));
    }
    INFO(name_of(activation));
    CHECK(largest < 2e-6);
    x.row(7)[3] = NAN;
    op.forward(x, x, workspace);
    CHECK(std::isnan(x.row(7)[3]));
    CHECK(x.row(7)[4] == y.row(7)[4]);
  }
}

TEST_CASE("layer normalisation, also of rows without variance") {
  Random random(4);
  Workspace workspace;
  const auto scale = random.floats(50);
  const auto shift = random.floats(50);
  const PaddedRows x = random.matrix(workspace, 11, 50);
  std::fill_n(x.row(3), 50, 2.5f);
  const std::vector<float> before(x.data, x.data + 11 * 50);
  const LayerNorm norm(scale, shift, 1e-12f);
  norm.forward(x, x, workspace);
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
  const PaddedRows x = random.matrix(workspace, 13, 12);
  x.row(2)[4] = 500.0f;
  const std::vector<float> before(x.data, x.data + 13 * 12);
  GroupSoftmax(4, 3).forward(x, workspace);
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

TEST_CASE("the product of two matrices, element by element, also into one of them") {
  Random random(6);
  Workspace workspace;
  const PaddedRows a = random.matrix(workspace, 19, 21);
  const PaddedRows b = random.matrix(workspace, 19, 21);
  const std::vector<float> before(a.data, a.data + 19 * 21);
  ElementwiseProduct(21).forward(a, b, a, workspace);
  for (std::size_t i = 0; i < before.size(); ++i) CHECK(a.data[i] == before[i] * b.data[i]);
}

TEST_CASE("softmax of a whole row, wherever the row stands") {
  Random random(12);
  Workspace workspace;
  for (const std::int64_t width : {1, 13, 1000}) {
    const PaddedRows x = random.matrix(workspace, 3, width);
    std::copy_n(x.row(0), width, x.row(2));
    const PaddedRows y = allocate_rows(workspace, 3, width);
    const RowSoftmax softmax(width);
    softmax.forward(x, y, workspace);
    for (std::int64_t row = 0; row < 3; ++row) {
      double sum = 0;
      for (std::int64_t i = 0; i < width; ++i) sum += std::exp(static_cast<double>(x.row(row)[i]));
      for (std::int64_t i = 0; i < width; ++i) {
        CHECK(y.row(row)[i] == doctest::Approx(std::exp(static_cast<double>(x.row(row)[i])) / sum));
      }
    }
    CHECK(std::equal(y.row(0), y.row(0) + width, y.row(2)));
    softmax.forward(x, x, workspace);
    CHECK(std::equal(x.row(1), x.row(1) + width, y.row(1)));
  }
}

}  // namespace
}  // namespace convbert::nn
