// Products of any two matrices, and of a weight that changes, against sums in doubles.
#include "nn/matmul.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "nn/linear.h"
#include "nn/reference.h"
#include "nn/row_loops.h"

namespace convbert::nn {
namespace {

float rounded(float x, Precision precision) {
  if (precision == Precision::f32) return x;
  float result = 0;
  round_to_bf16(&x, &result, 1);
  return result;
}

// Of a matrix as a product in this precision reads it.
struct Reading {
  ConstMatrixView matrix;
  bool transposed;
  Precision precision;

  double operator()(std::int64_t row, std::int64_t column) const {
    return rounded(transposed ? matrix.row(column)[row] : matrix.row(row)[column], precision);
  }
};

void check_products(Precision precision) {
  const ComputeScope scope;
  const Matmul matmul(precision);
  Random random(3);
  Workspace workspace;
  for (const std::int64_t m : {1, 7, 48, 1021}) {
    for (const std::int64_t n : {1, 20}) {
      for (const std::int64_t k : {1, 13, 65}) {
        for (int flags = 0; flags < 8; ++flags) {
          const Workspace::Frame frame(workspace);
          const MatmulOptions options{.transpose_a = (flags & 1) != 0,
                                      .transpose_b = (flags & 2) != 0,
                                      .accumulate = (flags & 4) != 0};
          const MatrixView a = (options.transpose_a ? random.matrix(workspace, k, m + 3)
                                                    : random.matrix(workspace, m, k + 3))
                                   .column_range(2, options.transpose_a ? m : k);
          const MatrixView b = (options.transpose_b ? random.matrix(workspace, n, k + 5)
                                                    : random.matrix(workspace, k, n + 5))
                                   .column_range(1, options.transpose_b ? k : n);
          const PaddedRows wide = random.matrix(workspace, m, n + 4);
          const MatrixView c = wide.column_range(3, n);
          const std::vector<float> before(wide.data, wide.data + m * wide.stride);
          matmul.forward(a, b, c, options, workspace);
          const Reading left{a, options.transpose_a, precision};
          const Reading right{b, options.transpose_b, precision};
          double largest = 0;
          for (std::int64_t row = 0; row < m; ++row) {
            for (std::int64_t column = 0; column < wide.stride; ++column) {
              double expected = before[static_cast<std::size_t>(row * wide.stride + column)];
              if (column >= 3 && column < 3 + n) {
                if (!options.accumulate) expected = 0;
                for (std::int64_t i = 0; i < k; ++i) {
                  expected += left(row, i) * right(i, column - 3);
                }
              }
              largest = std::max(largest, std::abs(expected - wide.row(row)[column]));
            }
          }
          INFO("[", m, ", ", k, "] [", k, ", ", n, "], flags ", flags);
          CHECK(largest < 2e-5);
        }
      }
    }
  }
}

TEST_CASE("A B and its transposes, into zeros and added, over views of wider matrices") {
  check_products(Precision::f32);
}

TEST_CASE("the same of sides rounded to bfloat16: sums and what is added to stay float32") {
  check_products(Precision::bf16);
  CHECK_THROWS_AS(Matmul{Precision::int8}, Error);
}

TEST_CASE("a product without terms is zero, and wrong shapes are caught") {
  const Matmul matmul;
  Random random(4);
  Workspace workspace;
  const PaddedRows a = allocate_rows(workspace, 2, 3);
  const PaddedRows c = random.matrix(workspace, 2, 4);
  CHECK_THROWS_AS(matmul.forward(a, allocate_rows(workspace, 2, 4), c, {}, workspace), Error);
  const MatrixView none{a.data, 2, 0, 3};
  const float kept = c.data[0];
  matmul.forward(none, {a.data, 0, 4, 4}, c, {.accumulate = true}, workspace);
  CHECK(c.data[0] == kept);
  matmul.forward(none, {a.data, 0, 4, 4}, c, {}, workspace);
  CHECK(std::ranges::all_of(c.row_span(1), [](float x) { return x == 0.0f; }));
}

TEST_CASE("a repacked weight gives what a new layer of that weight gives") {
  const ComputeScope scope;
  Random random(5);
  Workspace workspace;
  const auto first = random.floats(24 * 40);
  const auto second = random.floats(24 * 40);
  const auto bias = random.floats(40);
  const auto other_bias = random.floats(40);
  const PaddedRows x = random.matrix(workspace, 9, 24);
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
    Linear changed({.in = 24, .out = 40, .weight = first, .bias = bias, .precision = precision});
    const Linear fresh(
        {.in = 24, .out = 40, .weight = second, .bias = other_bias, .precision = precision});
    const PaddedRows y = allocate_rows(workspace, 9, 40);
    const PaddedRows expected = allocate_rows(workspace, 9, 40);
    changed.repack(second, other_bias);
    changed.forward(x, y, workspace);
    fresh.forward(x, expected, workspace);
    INFO(name_of(precision));
    CHECK(std::equal(y.data, y.data + 9 * 40, expected.data));
    CHECK_THROWS_AS(changed.repack(bias, bias), Error);
  }
}

}  // namespace
}  // namespace convbert::nn
