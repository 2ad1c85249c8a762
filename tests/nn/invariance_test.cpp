// A row of a result depends on that row alone, to the last bit, whatever else is computed with it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "core/error.h"
#include "nn/compute.h"
#include "nn/depthwise_conv.h"
#include "nn/elementwise.h"
#include "nn/feed_forward.h"
#include "nn/layer_norm.h"
#include "nn/linear.h"
#include "nn/self_attention.h"
#include "nn/softmax.h"

namespace convbert::nn {
namespace {

std::vector<float> random_floats(std::int64_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<std::size_t>(count));
  std::ranges::generate(values, [&] { return normal(generator); });
  return values;
}

PaddedRows random_matrix(Workspace& workspace, std::int64_t rows, std::int64_t columns) {
  const PaddedRows matrix = allocate_rows(workspace, rows, columns);
  std::ranges::copy(random_floats(rows * columns, 7), matrix.data);
  return matrix;
}

// Rows of the whole, computed at once, that differ from the same rows computed in runs of `height`.
template <class Forward>
int differing_rows(std::int64_t rows, std::int64_t in, std::int64_t out, std::int64_t height,
                   Forward forward) {
  Workspace workspace;
  const PaddedRows x = random_matrix(workspace, rows, in);
  const PaddedRows whole = allocate_rows(workspace, rows, out);
  forward(x, whole, workspace);
  int differing = 0;
  for (std::int64_t first = 0; first < rows; first += height) {
    const Workspace::Frame frame(workspace);
    const std::int64_t count = std::min(height, rows - first);
    const PaddedRows part_x = allocate_rows(workspace, count, in);
    const PaddedRows part = allocate_rows(workspace, count, out);
    std::copy_n(x.row(first), count * in, part_x.data);
    forward(part_x, part, workspace);
    for (std::int64_t row = 0; row < count; ++row) {
      const auto bytes = static_cast<std::size_t>(out) * sizeof(float);
      differing += std::memcmp(part.row(row), whole.row(first + row), bytes) != 0;
    }
  }
  return differing;
}

TEST_CASE("a linear layer's rows do not depend on how many there are") {
  // The widths of base, small and mini models, and odd ones that no vector divides.
  const std::pair<std::int64_t, std::int64_t> shapes[] = {
      {768, 1536}, {768, 768}, {384, 54}, {3072, 768}, {256, 1024}, {1024, 256},
      {128, 256},  {128, 18},  {256, 2},  {37, 19},    {768, 1}};
  const ComputeScope scope;
  for (const auto& shape : shapes) {
    const std::int64_t in = shape.first;
    const std::int64_t out = shape.second;
    const auto weight = random_floats(in * out, 1);
    const auto bias = random_floats(out, 2);
    for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
      const Linear linear(
          {.in = in, .out = out, .weight = weight, .bias = bias, .precision = precision});
      for (const std::int64_t height : {1, 8, 31, 100}) {
        INFO(name_of(precision), " ", in, " -> ", out, ", runs of ", height);
        CHECK(differing_rows(131, in, out, height,
                             [&](const PaddedRows& x, const PaddedRows& y, Workspace& w) {
                               linear.forward(x, y, w);
                             }) == 0);
      }
    }
  }
}

TEST_CASE("a linear layer's result does not depend on the number of threads") {
  constexpr std::int64_t kRows = 53;
  for (const auto& shape : {std::pair<std::int64_t, std::int64_t>{768, 3072},
                            {3072, 768},
                            {768, 1536},
                            {256, 1024},
                            {1024, 256},
                            {384, 54},
                            {37, 19}}) {
    const std::int64_t in = shape.first;
    const std::int64_t out = shape.second;
    const auto weight = random_floats(in * out, 1);
    const auto bias = random_floats(out, 2);
    for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
      Workspace workspace;
      const PaddedRows x = random_matrix(workspace, kRows, in);
      std::vector<PaddedRows> results;
      for (const int threads : {1, 2, 3, 16}) {
        const ComputeScope scope(threads);
        // A layer of its own each time: its kernels are made for the first number of threads.
        const Linear linear(
            {.in = in, .out = out, .weight = weight, .bias = bias, .precision = precision});
        results.push_back(allocate_rows(workspace, kRows, out));
        linear.forward(x, results.back(), workspace);
        INFO(name_of(precision), " ", in, " -> ", out, ", ", threads, " threads");
        const auto bytes = static_cast<std::size_t>(kRows * out) * sizeof(float);
        CHECK(std::memcmp(results.back().data, results.front().data, bytes) == 0);
      }
    }
  }
}

TEST_CASE("a tall linear layer's rows equal those of a short one") {
  const ComputeScope scope;
  const auto weight = random_floats(768 * 256, 1);
  const auto bias = random_floats(256, 2);
  const Linear linear({.in = 768, .out = 256, .weight = weight, .bias = bias});
  CHECK(differing_rows(1100, 768, 256, 7,
                       [&](const PaddedRows& x, const PaddedRows& y, Workspace& w) {
                         linear.forward(x, y, w);
                       }) == 0);
}

TEST_CASE("a feed-forward part's rows do not depend on how many there are") {
  const ComputeScope scope;
  const auto up = random_floats(256 * 1024, 1);
  const auto down = random_floats(1024 * 256, 2);
  const auto bias = random_floats(1024, 3);
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
    const FeedForward feed_forward({{{.in = 256,
                                      .out = 1024,
                                      .weight = up,
                                      .bias = bias,
                                      .activation = Activation::gelu,
                                      .precision = precision},
                                     {.in = 1024,
                                      .out = 256,
                                      .weight = down,
                                      .bias = std::span(bias).first(256),
                                      .precision = precision}}});
    for (const std::int64_t height : {1, 9, 200}) {
      INFO(name_of(precision), ", runs of ", height);
      CHECK(differing_rows(300, 256, 256, height,
                           [&](const PaddedRows& x, const PaddedRows& y, Workspace& w) {
                             std::copy_n(x.data, x.rows * x.columns, y.data);
                             feed_forward.forward(x, y, w);
                           }) == 0);
    }
  }
}

// Whether op(threads) gives the same floats for every number of threads.
template <class Op>
void check_threads(const std::string& what, Op op) {
  std::vector<float> first;
  for (const int threads : {1, 2, 3, 4, 8, 16}) {
    const ComputeScope scope(threads);
    const std::vector<float> found = op();
    if (first.empty()) first = found;
    INFO(what, ", ", threads, " threads");
    CHECK(std::memcmp(found.data(), first.data(), first.size() * sizeof(float)) == 0);
  }
}

std::vector<float> copy_of(ConstMatrixView matrix) {
  return {matrix.data, matrix.data + matrix.rows * matrix.columns};
}

TEST_CASE("what is done to rows, elements and sequences does not depend on the number of threads") {
  constexpr std::int64_t kWidth = 192;
  const auto scale = random_floats(kWidth, 4);
  const auto filters = random_floats(kWidth * 9, 5);
  for (const std::int64_t rows : {1, 2, 3, 8, 37, 128, 300}) {
    Workspace workspace;
    const PaddedRows x = random_matrix(workspace, rows, kWidth);
    const PaddedRows y = allocate_rows(workspace, rows, kWidth);
    const std::string what = std::to_string(rows) + " rows";
    check_threads(what + ", norm", [&] {
      LayerNorm(scale, scale, 1e-12f).forward(x, y, workspace);
      return copy_of(y);
    });
    check_threads(what + ", activation", [&] {
      ElementwiseActivation(Activation::gelu, kWidth).forward(x, y, workspace);
      return copy_of(y);
    });
    check_threads(what + ", softmax", [&] {
      std::copy_n(x.data, rows * kWidth, y.data);
      GroupSoftmax(kWidth / 4, 4).forward(y, workspace);
      return copy_of(y);
    });
    check_threads(what + ", depthwise convolution", [&] {
      Batch batch;
      const auto length = static_cast<std::size_t>(rows);
      batch.append(std::vector<std::int32_t>(length), std::vector<std::int32_t>(length));
      const DepthwiseConv convolution(kWidth, 9);
      convolution.forward(*convolution.pack(filters), batch, x, y, workspace);
      return copy_of(y);
    });
    for (const Precision precision : {Precision::f32, Precision::bf16}) {
      check_threads(what + ", attention, " + std::string(name_of(precision)), [&] {
        SelfAttention(6, 32, precision).forward(x, x, x, y, workspace);
        return copy_of(y);
      });
    }
  }
}

TEST_CASE("rows are normalised, activated and weighted alike in any number of them") {
  const ComputeScope scope;
  constexpr std::int64_t kWidth = 54;
  const auto scale = random_floats(kWidth, 4);
  const LayerNorm norm(scale, scale, 1e-12f);
  const ElementwiseActivation activation(Activation::gelu, kWidth);
  const GroupSoftmax softmax(6, 9);
  for (const std::int64_t height : {1, 7, 100}) {
    CHECK(differing_rows(131, kWidth, kWidth, height,
                         [&](const PaddedRows& x, const PaddedRows& y, Workspace& w) {
                           norm.forward(x, y, w);
                           activation.forward(y, y, w);
                           softmax.forward(y, w);
                         }) == 0);
  }
}

TEST_CASE("a depthwise convolution sees its own sequence only") {
  const ComputeScope scope;
  for (const std::int64_t channels : {32, 48, 256, 768}) {
    for (const std::int64_t kernel : {1, 5, 9, 31}) {
      const DepthwiseConv convolution(channels, kernel);
      const auto filters = convolution.pack(random_floats(channels * kernel, 3));
      Workspace workspace;
      Batch batch;
      for (const std::size_t length : {1, 2, 5, 24, 3, 8, 100, 7, 61}) {
        batch.append(std::vector<std::int32_t>(length), std::vector<std::int32_t>(length));
      }
      const PaddedRows x = random_matrix(workspace, batch.tokens(), channels);
      const PaddedRows y = allocate_rows(workspace, batch.tokens(), channels);
      convolution.forward(*filters, batch, x, y, workspace);
      for (std::int64_t s = 0; s < batch.sequences(); ++s) {
        INFO(channels, " channels, kernel ", kernel, ", sequence ", s);
        Batch alone;
        const auto length = static_cast<std::size_t>(batch.length(s));
        alone.append(std::vector<std::int32_t>(length), std::vector<std::int32_t>(length));
        const PaddedRows x_alone = allocate_rows(workspace, alone.tokens(), channels);
        const PaddedRows y_alone = allocate_rows(workspace, alone.tokens(), channels);
        std::copy_n(x.row(batch.start(s)), alone.tokens() * channels, x_alone.data);
        convolution.forward(*filters, alone, x_alone, y_alone, workspace);
        CHECK(std::memcmp(y_alone.data, y.row(batch.start(s)),
                          length * static_cast<std::size_t>(channels) * sizeof(float)) == 0);
      }
    }
  }
}

}  // namespace
}  // namespace convbert::nn
