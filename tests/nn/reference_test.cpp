// Each operation against its equation, computed in doubles.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/error.h"
#include "nn/compute.h"
#include "nn/depthwise_conv.h"
#include "nn/dynamic_conv.h"
#include "nn/feed_forward.h"
#include "nn/linear.h"
#include "nn/reference.h"
#include "nn/self_attention.h"

namespace convbert::nn {
namespace {

constexpr double kTolerance = 1e-5;

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
  const PaddedRows x = random.matrix(workspace, kRows, kIn);
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
      const PaddedRows y = allocate_rows(workspace, kRows, kOut);
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
  const PaddedRows x = random.matrix(workspace, 9, 12);
  const PaddedRows plain = allocate_rows(workspace, 9, 20);
  const PaddedRows added = random.matrix(workspace, 9, 20);
  const std::vector<float> before(added.data, added.data + 9 * 20);
  Linear({.in = 12, .out = 20, .weight = weight, .bias = bias}).forward(x, plain, workspace);
  Linear({.in = 12, .out = 20, .weight = weight, .bias = bias, .accumulate = true})
      .forward(x, added, workspace);
  for (std::size_t i = 0; i < before.size(); ++i) {
    CHECK(added.data[i] == doctest::Approx(before[i] + plain.data[i]).epsilon(1e-5));
  }
}

// activation(x W + b) in doubles; W as [in, out].
std::vector<double> linear_reference(const std::vector<double>& x, const float* weight,
                                     const float* bias, std::size_t out, Activation activation) {
  std::vector<double> y(bias, bias + out);
  for (std::size_t o = 0; o < out; ++o) {
    for (std::size_t i = 0; i < x.size(); ++i) y[o] += x[i] * weight[i * out + o];
    y[o] = apply(activation, y[o]);
  }
  return y;
}

struct TwoProducts {
  std::int64_t in;
  std::int64_t wide;
  std::int64_t out;
};

// On some processor one of the two goes by other tiles than the other: wide rows make low ones, and
// oneDNN's kernels for SSE4.1 want features by the eight, else blocks are of another height.
TEST_CASE("a feed-forward part whose two products go by tiles of their own") {
  const ComputeScope scope;
  for (const TwoProducts& shape :
       {TwoProducts{2040, 16, 8}, TwoProducts{12, 32, 16}, TwoProducts{32, 16, 12}}) {
    const std::int64_t in = shape.in;
    const std::int64_t wide = shape.wide;
    const std::int64_t out = shape.out;
    Random random(5);
    Workspace workspace;
    const auto w1 = random.floats(in * wide);
    const auto b1 = random.floats(wide);
    const auto w2 = random.floats(wide * out);
    const auto b2 = random.floats(out);
    const FeedForward part(
        {{{.in = in,
           .out = wide,
           .weight = w1,
           .layout = WeightLayout::in_out,
           .bias = b1,
           .activation = Activation::relu},
          {.in = wide, .out = out, .weight = w2, .layout = WeightLayout::in_out, .bias = b2}}});
    for (const std::int64_t rows : {1, 9, 53, 700}) {
      INFO(in, " to ", wide, " to ", out, ", ", rows, " rows");
      const Workspace::Frame frame(workspace);
      const PaddedRows x = random.matrix(workspace, rows, in);
      const PaddedRows y = random.matrix(workspace, rows, out);
      const MatrixView behind = random.matrix(workspace, 64, out);
      const std::vector<double> before(y.data, y.data + rows * out);
      const std::vector<float> untouched(behind.data, behind.data + 64 * out);
      part.forward(x, y, workspace);
      double largest = 0;
      for (std::int64_t row = 0; row < rows; ++row) {
        const auto middle = linear_reference({x.row(row), x.row(row) + in}, w1.data(), b1.data(),
                                             static_cast<std::size_t>(wide), Activation::relu);
        const auto expected = linear_reference(middle, w2.data(), b2.data(),
                                               static_cast<std::size_t>(out), Activation::identity);
        for (std::int64_t i = 0; i < out; ++i) {
          const double was = before[static_cast<std::size_t>(row * out + i)];
          largest = std::max(largest,
                             std::abs(was + expected[static_cast<std::size_t>(i)] - y.row(row)[i]));
        }
      }
      CHECK(largest < 1e-6 * static_cast<double>(in * wide));  // sums of as many products
      CHECK(std::equal(untouched.begin(), untouched.end(), behind.data));
    }
  }
}

TEST_CASE("feed-forward parts, in one group and in several that see their own slice") {
  const ComputeScope scope;
  constexpr std::size_t kFeatures = 12;
  constexpr std::size_t kWide = 30;
  constexpr std::int64_t kRows = 53;
  for (const std::size_t groups : {1, 2, 3}) {
    Random random(static_cast<unsigned>(groups));
    Workspace workspace;
    const std::size_t in = kFeatures / groups;
    const std::size_t wide = kWide / groups;
    std::vector<std::vector<float>> floats;  // of group g: W1, b1, W2, b2
    std::vector<FeedForward::Group> specs;
    for (std::size_t g = 0; g < groups; ++g) {
      for (const std::size_t count : {in * wide, wide, wide * in, in}) {
        floats.push_back(random.floats(static_cast<std::int64_t>(count)));
      }
    }
    for (std::size_t g = 0; g < groups; ++g) {
      specs.push_back({{.in = static_cast<std::int64_t>(in),
                        .out = static_cast<std::int64_t>(wide),
                        .weight = floats[4 * g],
                        .layout = WeightLayout::in_out,
                        .bias = floats[4 * g + 1],
                        .activation = Activation::gelu},
                       {.in = static_cast<std::int64_t>(wide),
                        .out = static_cast<std::int64_t>(in),
                        .weight = floats[4 * g + 2],
                        .layout = WeightLayout::in_out,
                        .bias = floats[4 * g + 3]}});
    }
    const PaddedRows y = random.matrix(workspace, kRows, kFeatures);
    const std::vector<double> before(y.data, y.data + kRows * kFeatures);
    FeedForward(specs).forward(y, y, workspace);
    double largest = 0;
    for (std::size_t row = 0; row < kRows; ++row) {
      for (std::size_t g = 0; g < groups; ++g) {
        const double* x = before.data() + row * kFeatures + g * in;
        const auto middle = linear_reference({x, x + in}, floats[4 * g].data(),
                                             floats[4 * g + 1].data(), wide, Activation::gelu);
        const auto expected = linear_reference(middle, floats[4 * g + 2].data(),
                                               floats[4 * g + 3].data(), in, Activation::identity);
        for (std::size_t i = 0; i < in; ++i) {
          const float found = y.row(static_cast<std::int64_t>(row))[g * in + i];
          largest = std::max(largest, std::abs(x[i] + expected[i] - found));
        }
      }
    }
    INFO(groups, " groups");
    CHECK(largest < 3 * kTolerance);  // sums of 30 products of values up to about 10
  }
}

// The largest error of x W + b beside the root mean square of the result.
double relative_error(Precision precision, bool accumulate) {
  Random random(8);
  Workspace workspace;
  constexpr std::int64_t kIn = 192;
  constexpr std::int64_t kOut = 70;
  constexpr std::int64_t kRows = 29;
  const auto weight = random.floats(kIn * kOut);
  const auto bias = random.floats(kOut);
  const PaddedRows x = random.matrix(workspace, kRows, kIn);
  const PaddedRows y = random.matrix(workspace, kRows, kOut);
  const std::vector<float> before(y.data, y.data + kRows * kOut);
  Linear({.in = kIn,
          .out = kOut,
          .weight = weight,
          .layout = WeightLayout::in_out,
          .bias = bias,
          .accumulate = accumulate,
          .precision = precision})
      .forward(x, y, workspace);
  double largest = 0;
  double squares = 0;
  for (std::int64_t row = 0; row < kRows; ++row) {
    const std::vector<double> values(x.row(row), x.row(row) + kIn);
    const auto expected =
        linear_reference(values, weight.data(), bias.data(), kOut, Activation::identity);
    for (std::size_t o = 0; o < kOut; ++o) {
      const double added = accumulate ? before[static_cast<std::size_t>(row) * kOut + o] : 0.0;
      largest = std::max(largest, std::abs(added + expected[o] - y.row(row)[o]));
      squares += expected[o] * expected[o];
    }
  }
  return largest / std::sqrt(squares / (kRows * kOut));
}

TEST_CASE("narrow products are as near as their rounding lets them be, and no nearer") {
  const ComputeScope scope;
  for (const bool accumulate : {false, true}) {
    CHECK(relative_error(Precision::f32, accumulate) < 3e-6);
    // Half a unit of 8 bits of mantissa a factor, 192 of them with random signs, the worst of 2030.
    const double bf16 = relative_error(Precision::bf16, accumulate);
    CHECK(bf16 < 0.012);
    CHECK(bf16 > 0.002);
    const double int8 = relative_error(Precision::int8, accumulate);
    CHECK(int8 < 0.05);
    CHECK(int8 > 0.005);
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
    const PaddedRows x = random.matrix(workspace, tokens, kChannels);
    const PaddedRows kernels = random.matrix(workspace, tokens, kHeads * kernel);
    const PaddedRows depthwise = allocate_rows(workspace, tokens, kChannels);
    const PaddedRows dynamic = allocate_rows(workspace, tokens, kChannels);
    const DepthwiseConv convolution(kChannels, kernel);
    convolution.forward(*convolution.pack(weight), batch, x, depthwise, workspace);
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

TEST_CASE("self-attention of lengths around its blocks and panels, in heads of any size") {
  const ComputeScope scope;
  constexpr std::int64_t kHeads = 2;
  for (const auto& shape : std::vector<std::pair<std::int64_t, std::int64_t>>{{12, 1},
                                                                              {12, 2},
                                                                              {12, 5},
                                                                              {12, 6},
                                                                              {12, 7},
                                                                              {12, 31},
                                                                              {12, 32},
                                                                              {12, 33},
                                                                              {12, 129},
                                                                              {1, 20},
                                                                              {16, 20},
                                                                              {40, 20},
                                                                              {64, 200},
                                                                              {80, 13},
                                                                              {96, 65}}) {
    const std::int64_t size = shape.first;
    const std::int64_t length = shape.second;
    const SelfAttention attention(kHeads, size);
    Random random(static_cast<unsigned>(length));
    Workspace workspace;
    const MatrixView parts[] = {random.matrix(workspace, length, kHeads * size),
                                random.matrix(workspace, length, kHeads * size),
                                random.matrix(workspace, length, kHeads * size)};
    const auto part = [&](int i) { return parts[i]; };
    const PaddedRows context = allocate_rows(workspace, length, kHeads * size);
    std::vector<double> expected(static_cast<std::size_t>(length * kHeads * size));
    int views = 0;
    double largest = 0;
    const auto see = [&](const AttentionView& view) {
      ++views;
      REQUIRE(view.length == length);
      for (std::int64_t h = 0; h < kHeads; ++h) {
        for (std::int64_t i = 0; i < length; ++i) {
          const std::vector<double> weights = softmax_scores(part(0), part(1), h, size, i);
          for (std::int64_t j = 0; j < length; ++j) {
            const double weight = weights[static_cast<std::size_t>(j)];
            const float found = view.data[(h * length + i) * length + j];
            largest = std::max(largest, std::abs(weight - found));
            for (std::int64_t d = h * size; d < (h + 1) * size; ++d) {
              expected[static_cast<std::size_t>(i * kHeads * size + d)] +=
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
    INFO("heads of ", size, ", length ", length);
    CHECK(views == 1);
    CHECK(largest < kTolerance);
  }
}

TEST_CASE("attention in bfloat16 is as near as its rounding lets it be, and no nearer") {
  const ComputeScope scope;
  constexpr std::int64_t kLength = 77;
  constexpr std::int64_t kWidth = 96;
  Random random(11);
  Workspace workspace;
  const PaddedRows query = random.matrix(workspace, kLength, kWidth);
  const PaddedRows key = random.matrix(workspace, kLength, kWidth);
  const PaddedRows value = random.matrix(workspace, kLength, kWidth);
  const auto context_in = [&](Precision precision) {
    const PaddedRows context = allocate_rows(workspace, kLength, kWidth);
    SelfAttention(3, 32, precision).forward(query, key, value, context, workspace);
    return context;
  };
  const MatrixView exact = context_in(Precision::f32);
  const MatrixView narrow = context_in(Precision::bf16);
  const MatrixView as_exact = context_in(Precision::int8);  // rounds linear layers only
  double largest = 0;
  for (std::int64_t i = 0; i < kLength * kWidth; ++i) {
    largest = std::max<double>(largest, std::abs(exact.data[i] - narrow.data[i]));
    CHECK(exact.data[i] == as_exact.data[i]);
  }
  CHECK(largest < 0.02);
  CHECK(largest > 0.001);
}

TEST_CASE("attention in blocks of queries shows whole maps") {
  const ComputeScope scope;
  constexpr std::int64_t kLength = 301;
  constexpr std::int64_t kHeads = 4;
  constexpr std::int64_t kSize = 8;
  Random random(12);
  Workspace workspace;
  const PaddedRows x = random.matrix(workspace, kLength, kHeads * kSize);
  // A part of a wider matrix, as the encoder has it.
  const PaddedRows wide = random.matrix(workspace, kLength, 2 * kHeads * kSize);
  const MatrixView context = wide.column_range(kHeads * kSize, kHeads * kSize);
  const std::vector<float> before(wide.row(5), wide.row(5) + kHeads * kSize);
  const PaddedRows unseen = allocate_rows(workspace, kLength, kHeads * kSize);
  const SelfAttention attention(kHeads, kSize);
  double largest = 0;
  attention.forward(x, x, x, context, workspace, [&](const AttentionView& view) {
    for (std::int64_t h = 0; h < kHeads; ++h) {
      for (const std::int64_t i : {0, 47, 48, 200, 300}) {
        const std::vector<double> weights = softmax_scores(x, x, h, kSize, i);
        for (std::int64_t j = 0; j < kLength; ++j) {
          const double found = view.data[(h * kLength + i) * kLength + j];
          largest = std::max(largest, std::abs(weights[static_cast<std::size_t>(j)] - found));
        }
      }
    }
  });
  CHECK(largest < kTolerance);
  CHECK(std::equal(before.begin(), before.end(), wide.row(5)));
  // Being looked at changes nothing.
  attention.forward(x, x, x, unseen, workspace);
  for (std::int64_t i = 0; i < kLength; ++i) {
    CHECK(std::equal(unseen.row(i), unseen.row(i + 1), context.row(i)));
  }
}

TEST_CASE("wrong shapes are caught, not computed") {
  Workspace workspace;
  const std::vector<float> six(6);
  CHECK_THROWS_AS(Linear({.in = 2, .out = 4, .weight = six, .bias = six}), Error);
  CHECK_THROWS_AS(Linear({.in = 2, .out = 3, .weight = six, .bias = six}), Error);
  const Linear linear({.in = 1, .out = 6, .weight = six, .bias = six});
  const PaddedRows two = allocate_rows(workspace, 3, 2);
  const PaddedRows wide = allocate_rows(workspace, 3, 6);
  CHECK_THROWS_AS(linear.forward(two, wide, workspace), Error);
  const LinearSpec two_to_three{.in = 2, .out = 3, .weight = six, .bias = {six.data(), 3}};
  CHECK_THROWS_AS(FeedForward({{two_to_three, two_to_three}}), Error);
  CHECK_THROWS_AS(DepthwiseConv(3, 2), Error);
  CHECK_THROWS_AS(DepthwiseConv(3, 3).pack(six), Error);
  CHECK_THROWS_AS(SelfAttention(0, 1), Error);
}

}  // namespace
}  // namespace convbert::nn
