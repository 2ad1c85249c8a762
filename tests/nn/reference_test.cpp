// Each operation against its equation, computed in doubles.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "core/error.h"
#include "nn/compute.h"
#include "nn/depthwise_conv.h"
#include "nn/linear.h"
#include "nn/loops.h"
#include "nn/row_ops.h"
#include "nn/self_attention.h"

namespace convbert::nn {
namespace {

constexpr double kTolerance = 1e-5;

class Random {
 public:
  explicit Random(unsigned seed) : generator_(seed) {}
  std::vector<float> floats(std::int64_t count) {
    std::normal_distribution<float> normal;
    std::vector<float> values(static_cast<std::size_t>(count));
    std::ranges::generate(values, [&] { return normal(generator_); });
    return values;
  }
  MatrixView matrix(Workspace& workspace, std::int64_t rows, std::int64_t columns) {
    const MatrixView matrix = allocate_rows(workspace, rows, columns);
    std::ranges::copy(floats(rows * columns), matrix.data);
    return matrix;
  }

 private:
  std::mt19937 generator_;
};

double apply(Activation activation, double x) {
  switch (activation) {
    case Activation::identity: return x;
    case Activation::gelu: return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
    case Activation::gelu_tanh:
      return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::relu: return std::max(x, 0.0);
    case Activation::silu: return x / (1 + std::exp(-x));
    case Activation::tanh: return std::tanh(x);
  }
  return NAN;
}

Batch batch_of(const std::vector<std::size_t>& lengths) {
  Batch batch;
  for (const std::size_t length : lengths) {
    batch.append(std::vector<std::int32_t>(length), std::vector<std::int32_t>(length));
  }
  return batch;
}

TEST_CASE("linear layers with every activation, in both layouts") {
  const ComputeScope scope;
  Random random(1);
  Workspace workspace;
  constexpr std::int64_t kIn = 37;
  constexpr std::int64_t kOut = 21;
  constexpr std::int64_t kRows = 19;
  const auto weight = random.floats(kIn * kOut);
  const auto bias = random.floats(kOut);
  const MatrixView x = random.matrix(workspace, kRows, kIn);
  for (const WeightLayout layout : {WeightLayout::out_in, WeightLayout::in_out}) {
    for (const Activation activation :
         {Activation::identity, Activation::gelu, Activation::gelu_tanh, Activation::relu,
          Activation::silu, Activation::tanh}) {
      const Linear linear({.in = kIn,
                           .out = kOut,
                           .weight = weight,
                           .layout = layout,
                           .bias = bias,
                           .activation = activation});
      const MatrixView y = allocate_rows(workspace, kRows, kOut);
      linear.forward(x, y, workspace);
      double largest = 0;
      for (std::int64_t row = 0; row < kRows; ++row) {
        for (std::int64_t out = 0; out < kOut; ++out) {
          double sum = bias[static_cast<std::size_t>(out)];
          for (std::int64_t in = 0; in < kIn; ++in) {
            const std::int64_t at =
                layout == WeightLayout::out_in ? out * kIn + in : in * kOut + out;
            sum += static_cast<double>(x.row(row)[in]) * weight[static_cast<std::size_t>(at)];
          }
          largest = std::max(largest, std::abs(apply(activation, sum) - y.row(row)[out]));
        }
      }
      INFO(name_of(activation));
      CHECK(largest < kTolerance);
    }
  }
}

TEST_CASE("a linear layer adds to what is there") {
  const ComputeScope scope;
  Random random(2);
  Workspace workspace;
  const auto weight = random.floats(12 * 20);
  const auto bias = random.floats(20);
  const MatrixView x = random.matrix(workspace, 9, 12);
  const MatrixView plain = allocate_rows(workspace, 9, 20);
  const MatrixView added = random.matrix(workspace, 9, 20);
  const std::vector<float> before(added.data, added.data + 9 * 20);
  Linear({.in = 12, .out = 20, .weight = weight, .bias = bias}).forward(x, plain, workspace);
  Linear({.in = 12, .out = 20, .weight = weight, .bias = bias, .accumulate = true})
      .forward(x, added, workspace);
  for (std::size_t i = 0; i < before.size(); ++i) {
    CHECK(added.data[i] == doctest::Approx(before[i] + plain.data[i]).epsilon(1e-5));
  }
}

TEST_CASE("groups see their own slice of the features") {
  const ComputeScope scope;
  Random random(3);
  Workspace workspace;
  constexpr std::int64_t kGroups = 3;
  const auto weight = random.floats(kGroups * 4 * 5);
  const auto bias = random.floats(15);
  const MatrixView x = random.matrix(workspace, 7, 12);
  for (const bool accumulate : {false, true}) {
    const GroupedLinear grouped({.in = 12,
                                 .out = 15,
                                 .weight = weight,
                                 .layout = WeightLayout::in_out,
                                 .bias = bias,
                                 .accumulate = accumulate},
                                kGroups);
    const MatrixView y = random.matrix(workspace, 7, 15);
    const std::vector<float> before(y.data, y.data + 7 * 15);
    grouped.forward(x, y, workspace);
    double largest = 0;
    for (std::int64_t row = 0; row < 7; ++row) {
      for (std::int64_t out = 0; out < 15; ++out) {
        const std::int64_t group = out / 5;
        double sum = bias[static_cast<std::size_t>(out)];
        if (accumulate) sum += before[static_cast<std::size_t>(row * 15 + out)];
        for (std::int64_t in = 0; in < 4; ++in) {
          sum += static_cast<double>(x.row(row)[group * 4 + in]) *
                 weight[static_cast<std::size_t>((group * 4 + in) * 5 + out % 5)];
        }
        largest = std::max(largest, std::abs(sum - y.row(row)[out]));
      }
    }
    CHECK(largest < kTolerance);
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
  norm.forward(x, workspace);
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
  GroupSoftmax(12, 3).forward(x, workspace);
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

TEST_CASE("depthwise and dynamic convolutions stop at the ends of their sequence") {
  const ComputeScope scope;
  const Batch batch = batch_of({1, 4, 13, 2, 9});
  const std::int64_t tokens = batch.tokens();
  constexpr std::int64_t kHeads = 3;
  constexpr std::int64_t kHeadSize = 20;
  constexpr std::int64_t kChannels = kHeads * kHeadSize;
  for (const std::int64_t kernel : {1, 3, 9, 15}) {
    Random random(static_cast<unsigned>(kernel));
    Workspace workspace;
    const auto weight = random.floats(kChannels * kernel);
    const MatrixView x = random.matrix(workspace, tokens, kChannels);
    const MatrixView kernels = random.matrix(workspace, tokens, kHeads * kernel);
    const MatrixView depthwise = allocate_rows(workspace, tokens, kChannels);
    const MatrixView dynamic = allocate_rows(workspace, tokens, kChannels);
    DepthwiseConv(weight, kChannels, kernel).forward(batch, x, depthwise, workspace);
    DynamicConv{kHeads, kHeadSize, kernel}.forward(batch, kernels, x, dynamic);
    double largest = 0;
    for (std::int64_t s = 0; s < batch.sequences(); ++s) {
      for (std::int64_t t = 0; t < batch.length(s); ++t) {
        const std::int64_t token = batch.start(s) + t;
        for (std::int64_t c = 0; c < kChannels; ++c) {
          double expected_depthwise = 0;
          double expected_dynamic = 0;
          for (std::int64_t j = 0; j < kernel; ++j) {
            const std::int64_t source = t + j - kernel / 2;
            if (source < 0 || source >= batch.length(s)) continue;
            const double value = x.row(batch.start(s) + source)[c];
            expected_depthwise += value * weight[static_cast<std::size_t>(c * kernel + j)];
            expected_dynamic += value * kernels.row(token)[c / kHeadSize * kernel + j];
          }
          largest = std::max({largest, std::abs(expected_depthwise - depthwise.row(token)[c]),
                              std::abs(expected_dynamic - dynamic.row(token)[c])});
        }
      }
    }
    INFO("kernel ", kernel);
    CHECK(largest < kTolerance);
  }
}

// softmax(q_i K^T / sqrt(size)) of one head.
std::vector<double> softmax_scores(ConstMatrixView query, ConstMatrixView key, std::int64_t head,
                                   std::int64_t size, std::int64_t i) {
  std::vector<double> weights;
  double sum = 0;
  for (std::int64_t j = 0; j < key.rows; ++j) {
    double score = 0;
    for (std::int64_t d = head * size; d < (head + 1) * size; ++d) {
      score += static_cast<double>(query.row(i)[d]) * key.row(j)[d];
    }
    weights.push_back(std::exp(score / std::sqrt(static_cast<double>(size))));
    sum += weights.back();
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

TEST_CASE("self-attention of every length around its buckets") {
  const ComputeScope scope;
  constexpr std::int64_t kHeads = 2;
  constexpr std::int64_t kSize = 12;
  const SelfAttention attention(kHeads, kSize, 200);
  for (const std::int64_t length : {1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 128, 129, 160, 161, 200}) {
    Random random(static_cast<unsigned>(length));
    Workspace workspace;
    // Slices of one wide matrix, as the encoder has them.
    const MatrixView all = random.matrix(workspace, length, 3 * kHeads * kSize);
    const auto part = [&](std::int64_t i) {
      return all.column_range(i * kHeads * kSize, kHeads * kSize);
    };
    const MatrixView context = allocate_rows(workspace, length, kHeads * kSize);
    std::vector<double> expected(static_cast<std::size_t>(length * kHeads * kSize));
    int views = 0;
    double largest = 0;
    const auto see = [&](const AttentionView& view) {
      ++views;
      REQUIRE(view.length == length);
      for (std::int64_t h = 0; h < kHeads; ++h) {
        for (std::int64_t i = 0; i < length; ++i) {
          const std::vector<double> weights = softmax_scores(part(0), part(1), h, kSize, i);
          for (std::int64_t j = 0; j < length; ++j) {
            const double weight = weights[static_cast<std::size_t>(j)];
            const float found = view.data[(h * view.stride + i) * view.stride + j];
            largest = std::max(largest, std::abs(weight - found));
            for (std::int64_t d = h * kSize; d < (h + 1) * kSize; ++d) {
              expected[static_cast<std::size_t>(i * kHeads * kSize + d)] +=
                  weight * part(2).row(j)[d];
            }
          }
        }
      }
    };
    attention.forward(part(0), part(1), part(2), context, workspace, see);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      largest = std::max(largest, std::abs(expected[i] - context.data[i]));
    }
    INFO("length ", length);
    CHECK(views == 1);
    CHECK(largest < kTolerance);
  }
  Workspace workspace;
  const MatrixView long_one = allocate_rows(workspace, 201, kHeads * kSize);
  CHECK_THROWS_AS(attention.forward(long_one, long_one, long_one, long_one, workspace), Error);
}

TEST_CASE("wrong shapes are caught, not computed") {
  Workspace workspace;
  const std::vector<float> six(6);
  CHECK_THROWS_AS(Linear({.in = 2, .out = 4, .weight = six, .bias = six}), Error);
  CHECK_THROWS_AS(Linear({.in = 2, .out = 3, .weight = six, .bias = six}), Error);
  const Linear linear({.in = 1, .out = 6, .weight = six, .bias = six});
  const MatrixView two = allocate_rows(workspace, 3, 2);
  const MatrixView wide = allocate_rows(workspace, 3, 6);
  CHECK_THROWS_AS(linear.forward(two, wide, workspace), Error);
  CHECK_THROWS_AS(GroupedLinear({.in = 3, .out = 2, .weight = six, .bias = six}, 2), Error);
  CHECK_THROWS_AS(DepthwiseConv(six, 3, 2), Error);
  CHECK_THROWS_AS(GroupSoftmax(7, 3), Error);
  CHECK_THROWS_AS(SelfAttention(0, 1, 1), Error);
}

}  // namespace
}  // namespace convbert::nn
