// Backward passes of operations against central differences of their equations, in doubles.
#include <doctest/doctest.h>

#include "core/batch.h"
#include "nn/depthwise_conv.h"
#include "nn/differences.h"
#include "nn/dropout.h"
#include "nn/dynamic_conv.h"
#include "nn/elementwise.h"
#include "nn/layer_norm.h"
#include "nn/reference.h"
#include "nn/softmax.h"
#include "nn/trained_attention.h"
#include "nn/trained_linear.h"

namespace convbert::nn {
namespace {

std::span<const float> values_of(const MatrixView& matrix) {
  return {matrix.data, static_cast<std::size_t>(matrix.rows * matrix.columns)};
}
Doubles doubles_of(const MatrixView& matrix) { return to_doubles(values_of(matrix)); }

PaddedRows copy_of(Workspace& workspace, const MatrixView& matrix) {
  const PaddedRows copy = allocate_rows(workspace, matrix.rows, matrix.columns);
  copy_rows(matrix, copy);
  return copy;
}

Batch batch_of(const std::vector<std::int64_t>& lengths) {
  Batch batch;
  for (const std::int64_t length : lengths) {
    const std::vector<std::int32_t> ids(static_cast<std::size_t>(length));
    batch.append(ids, ids);
  }
  return batch;
}

TEST_CASE("activations") {
  const ComputeScope scope;
  Random random(21);
  Workspace workspace;
  for (const Activation activation : {Activation::identity, Activation::gelu, Activation::gelu_tanh,
                                      Activation::relu, Activation::silu, Activation::tanh}) {
    const PaddedRows x = random.matrix(workspace, 11, 13);
    const PaddedRows dy = random.matrix(workspace, 11, 13);
    const PaddedRows dx = allocate_rows(workspace, 11, 13);
    const ElementwiseActivation op(activation, 13);
    op.backward(x, dy, dx, workspace);
    const Doubles weights = doubles_of(dy);
    const auto loss = [&](const Doubles& at) {
      double sum = 0;
      for (std::size_t i = 0; i < at.size(); ++i) sum += weights[i] * apply(activation, at[i]);
      return sum;
    };
    check_gradient(std::string(name_of(activation)), values_of(dx),
                   differences(loss, doubles_of(x)));
    op.backward(x, dy, dy, workspace);
    CHECK(std::ranges::equal(values_of(dy), values_of(dx)));
  }
}

struct LinearCase {
  std::int64_t rows, in, out, groups;
};

// The weight's entry for one input and one output, if they meet.
double weight_of(const LinearCase& shape, const Doubles& weight, std::int64_t in,
                 std::int64_t out) {
  if (shape.groups == 0) return weight[static_cast<std::size_t>(out * shape.in + in)];
  const std::int64_t in_width = shape.in / shape.groups;
  const std::int64_t out_width = shape.out / shape.groups;
  if (in / in_width != out / out_width) return 0;
  return weight[static_cast<std::size_t>(in * out_width + out % out_width)];
}

double linear_loss(const LinearCase& shape, const Doubles& x, const Doubles& weight,
                   const Doubles& bias, const Doubles& dy) {
  double loss = 0;
  for (std::int64_t row = 0; row < shape.rows; ++row) {
    for (std::int64_t out = 0; out < shape.out; ++out) {
      double y = bias[static_cast<std::size_t>(out)];
      for (std::int64_t in = 0; in < shape.in; ++in) {
        y += x[static_cast<std::size_t>(row * shape.in + in)] * weight_of(shape, weight, in, out);
      }
      loss += y * dy[static_cast<std::size_t>(row * shape.out + out)];
    }
  }
  return loss;
}

TEST_CASE("linear layers, one row, odd widths, groups") {
  const ComputeScope scope;
  Random random(22);
  for (const LinearCase& shape : {LinearCase{1, 3, 5, 0},
                                  {9, 7, 2, 0},
                                  {60, 4, 6, 0},
                                  {1, 4, 6, 2},
                                  {13, 9, 6, 3},
                                  {10, 6, 4, 1}}) {
    INFO(shape.rows, " rows, ", shape.in, " to ", shape.out, ", groups ", shape.groups);
    Workspace workspace;
    const auto size = shape.in * shape.out / std::max<std::int64_t>(shape.groups, 1);
    const std::vector<float> weight = random.floats(size);
    const std::vector<float> bias = random.floats(shape.out);
    TrainedLinear op({.in = shape.in, .out = shape.out, .groups = shape.groups});
    op.repack(weight, bias);
    const PaddedRows x = random.matrix(workspace, shape.rows, shape.in);
    const PaddedRows y = allocate_rows(workspace, shape.rows, shape.out);
    const PaddedRows dy = random.matrix(workspace, shape.rows, shape.out);
    const Doubles at_x = doubles_of(x);
    const Doubles at_w = to_doubles(weight);
    const Doubles at_b = to_doubles(bias);
    const Doubles d = doubles_of(dy);

    op.forward(x, y, workspace);
    CHECK(dot(doubles_of(y), d) ==
          doctest::Approx(linear_loss(shape, at_x, at_w, at_b, d)).epsilon(1e-5));

    const PaddedRows dx = allocate_rows(workspace, shape.rows, shape.in);
    std::fill_n(dx.data, shape.rows * shape.in, 0.0f);
    op.add_input_gradient(dy, dx, workspace);
    check_gradient(
        "dx", values_of(dx),
        differences([&](const Doubles& at) { return linear_loss(shape, at, at_w, at_b, d); },
                    at_x));
    std::vector<float> weight_gradient(weight.size());
    std::vector<float> bias_gradient(bias.size());
    op.add_parameter_gradients(x, dy, {weight_gradient, bias_gradient}, workspace);
    check_gradient(
        "d weight", weight_gradient,
        differences([&](const Doubles& at) { return linear_loss(shape, at_x, at, at_b, d); },
                    at_w));
    check_gradient(
        "d bias", bias_gradient,
        differences([&](const Doubles& at) { return linear_loss(shape, at_x, at_w, at, d); },
                    at_b));
    // Gradients are added to what is there.
    const std::vector<float> once = weight_gradient;
    op.add_parameter_gradients(x, dy, {weight_gradient, bias_gradient}, workspace);
    for (std::size_t i = 0; i < once.size(); ++i) {
      CHECK(weight_gradient[i] == doctest::Approx(2 * once[i]).epsilon(1e-4));
    }
  }
}

TEST_CASE("layer normalisation, with leftovers beyond the last row, without an epsilon") {
  const ComputeScope scope;
  Random random(23);
  for (const std::int64_t rows : {1, 11, 51}) {
    for (const float epsilon : {0.0f, 1e-12f}) {
      constexpr std::int64_t kColumns = 7;
      Workspace workspace;
      const std::vector<float> scale = random.floats(kColumns);
      const std::vector<float> shift = random.floats(kColumns);
      LayerNorm op(shift, scale, epsilon);
      op.repack(scale, shift);
      const PaddedRows x = random.matrix(workspace, rows, kColumns);
      const PaddedRows y = allocate_rows(workspace, rows, kColumns);
      const PaddedRows dy = random.matrix(workspace, rows, kColumns);
      for (const PaddedRows& matrix : {x, dy}) {
        std::fill(matrix.row(rows), matrix.row(padded_rows(rows)), NAN);
      }
      const RowStatistics statistics = allocate_statistics(workspace, rows);
      op.forward(x, y, statistics, workspace);

      const Doubles d = doubles_of(dy);
      const auto loss = [&](const Doubles& at, const Doubles& by, const Doubles& plus) {
        double sum = 0;
        for (std::size_t first = 0; first < at.size(); first += kColumns) {
          double mean = 0;
          double variance = 0;
          for (std::size_t i = 0; i < kColumns; ++i) mean += at[first + i] / kColumns;
          for (std::size_t i = 0; i < kColumns; ++i) {
            variance += (at[first + i] - mean) * (at[first + i] - mean) / kColumns;
          }
          for (std::size_t i = 0; i < kColumns; ++i) {
            const double normal = (at[first + i] - mean) / std::sqrt(variance + double{epsilon});
            sum += d[first + i] * (normal * by[i] + plus[i]);
          }
        }
        return sum;
      };
      const Doubles at_x = doubles_of(x);
      const Doubles at_scale = to_doubles(scale);
      const Doubles at_shift = to_doubles(shift);
      CHECK(dot(doubles_of(y), d) == doctest::Approx(loss(at_x, at_scale, at_shift)).epsilon(1e-5));
      std::vector<float> scale_gradient(kColumns);
      std::vector<float> shift_gradient(kColumns);
      op.backward(x, statistics, dy, dy, {scale_gradient, shift_gradient}, workspace);
      check_gradient(
          "dx", values_of(dy),
          differences([&](const Doubles& at) { return loss(at, at_scale, at_shift); }, at_x));
      check_gradient(
          "d scale", scale_gradient,
          differences([&](const Doubles& at) { return loss(at_x, at, at_shift); }, at_scale));
      check_gradient(
          "d shift", shift_gradient,
          differences([&](const Doubles& at) { return loss(at_x, at_scale, at); }, at_shift));
    }
  }
}

void softmax_in_place(std::span<double> values) {
  const double largest = *std::ranges::max_element(values);
  double sum = 0;
  for (double& value : values) sum += value = std::exp(value - largest);
  for (double& value : values) value /= sum;
}

TEST_CASE("softmax over groups of columns") {
  const ComputeScope scope;
  Random random(24);
  Workspace workspace;
  const PaddedRows x = random.matrix(workspace, 13, 12);
  const PaddedRows dy = random.matrix(workspace, 13, 12);
  const Doubles at_x = doubles_of(x);
  const Doubles d = doubles_of(dy);
  const GroupSoftmax op(4, 3);
  op.forward(x, workspace);
  op.backward(x, dy, workspace);
  check_gradient("dx", values_of(dy),
                 differences(
                     [&](Doubles at) {
                       for (std::size_t i = 0; i < at.size(); i += 3) {
                         softmax_in_place(std::span(at).subspan(i, 3));
                       }
                       return dot(at, d);
                     },
                     at_x));
}

struct AttentionCase {
  std::int64_t length, heads, head_size;
  float rate;
};

// sum of d * context, where `mask` scales the probabilities.
double attention_loss(const AttentionCase& shape, const Doubles& q, const Doubles& k,
                      const Doubles& v, const Doubles& mask, const Doubles& d) {
  const std::int64_t n = shape.length;
  const std::int64_t heads = shape.heads;
  const std::int64_t size = shape.head_size;
  const auto at = [&](std::int64_t token, std::int64_t head, std::int64_t i) {
    return static_cast<std::size_t>((token * heads + head) * size + i);
  };
  double loss = 0;
  for (std::int64_t head = 0; head < heads; ++head) {
    for (std::int64_t i = 0; i < n; ++i) {
      Doubles weights(static_cast<std::size_t>(n));
      for (std::int64_t j = 0; j < n; ++j) {
        for (std::int64_t c = 0; c < size; ++c) {
          weights[static_cast<std::size_t>(j)] +=
              q[at(i, head, c)] * k[at(j, head, c)] / std::sqrt(static_cast<double>(size));
        }
      }
      softmax_in_place(weights);
      for (std::int64_t j = 0; j < n; ++j) {
        const double weight = weights[static_cast<std::size_t>(j)] *
                              mask[static_cast<std::size_t>((head * n + i) * n + j)];
        for (std::int64_t c = 0; c < size; ++c) {
          loss += d[at(i, head, c)] * weight * v[at(j, head, c)];
        }
      }
    }
  }
  return loss;
}

TEST_CASE("self-attention: one token, one head, dropout") {
  const ComputeScope scope;
  Random random(25);
  for (const AttentionCase& shape :
       {AttentionCase{1, 1, 1, 0}, {1, 3, 4, 0}, {7, 1, 5, 0}, {5, 2, 4, 0}, {6, 2, 3, 0.4f}}) {
    INFO(shape.length, " tokens, ", shape.heads, " heads of ", shape.head_size, ", ", shape.rate);
    Workspace workspace;
    const std::int64_t width = shape.heads * shape.head_size;
    const std::int64_t rows = shape.heads * shape.length;
    const PaddedRows q = random.matrix(workspace, shape.length, width);
    const PaddedRows k = random.matrix(workspace, shape.length, width);
    const PaddedRows v = random.matrix(workspace, shape.length, width);
    const PaddedRows wide = random.matrix(workspace, shape.length, width + 3);
    const MatrixView context = wide.column_range(2, width);
    const TrainedAttention::Dropped dropped{{.rate = shape.rate, .key = 77}, 1000};
    const PaddedRows mask = allocate_rows(workspace, rows, shape.length);
    std::fill_n(mask.data, rows * shape.length, 1.0f);
    dropped.dropout.apply(mask, mask, dropped.first_row);

    const TrainedAttention op(shape.heads, shape.head_size);
    const MatrixView probabilities = workspace.matrix(rows, shape.length);
    op.forward({q, k, v}, probabilities.data, context, dropped, workspace);
    const PaddedRows d_wide = random.matrix(workspace, shape.length, width + 5);
    const MatrixView d_context = d_wide.column_range(1, width);
    const MatrixView dq = workspace.matrix(shape.length, width);
    const MatrixView dk = workspace.matrix(shape.length, width);
    const MatrixView dv = workspace.matrix(shape.length, width);
    op.backward({q, k, v}, probabilities.data, {d_context, dq, dk, dv}, dropped, workspace);

    const Doubles d = doubles_of(copy_of(workspace, d_context));
    const Doubles m = doubles_of(mask);
    const Doubles at_q = doubles_of(q);
    const Doubles at_k = doubles_of(k);
    const Doubles at_v = doubles_of(v);
    CHECK(dot(doubles_of(copy_of(workspace, context)), d) ==
          doctest::Approx(attention_loss(shape, at_q, at_k, at_v, m, d)).epsilon(1e-5));
    check_gradient(
        "d query", values_of(dq),
        differences([&](const Doubles& at) { return attention_loss(shape, at, at_k, at_v, m, d); },
                    at_q));
    check_gradient(
        "d key", values_of(dk),
        differences([&](const Doubles& at) { return attention_loss(shape, at_q, at, at_v, m, d); },
                    at_k));
    check_gradient(
        "d value", values_of(dv),
        differences([&](const Doubles& at) { return attention_loss(shape, at_q, at_k, at, m, d); },
                    at_v));
  }
}

// Calls visit(token, tap, other) for each tap of each token's kernel that meets a token.
template <class Visit>
void for_each_tap(const Batch& batch, std::int64_t kernel, Visit visit) {
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
    for (std::int64_t t = 0; t < batch.length(s); ++t) {
      for (std::int64_t j = 0; j < kernel; ++j) {
        const std::int64_t other = t + j - kernel / 2;
        if (other < 0 || other >= batch.length(s)) continue;
        visit(batch.start(s) + t, j, batch.start(s) + other);
      }
    }
  }
}

TEST_CASE("depthwise convolution: kernels wider than the text, one token, several sequences") {
  const ComputeScope scope;
  Random random(26);
  for (const std::int64_t channels : {1, 8, 19}) {
    for (const std::int64_t kernel : {1, 3, 9}) {
      INFO(channels, " channels, kernel ", kernel);
      Workspace workspace;
      const Batch batch = batch_of({1, 3, 12, 2});
      const PaddedRows x = random.matrix(workspace, batch.tokens(), channels);
      const PaddedRows dy = random.matrix(workspace, batch.tokens(), channels);
      const std::vector<float> weight = random.floats(channels * kernel);
      const Doubles d = doubles_of(dy);
      const auto loss = [&](const Doubles& at, const Doubles& by) {
        double sum = 0;
        for_each_tap(batch, kernel, [&](std::int64_t token, std::int64_t tap, std::int64_t other) {
          for (std::int64_t c = 0; c < channels; ++c) {
            sum += d[static_cast<std::size_t>(token * channels + c)] *
                   by[static_cast<std::size_t>(c * kernel + tap)] *
                   at[static_cast<std::size_t>(other * channels + c)];
          }
        });
        return sum;
      };
      const Doubles at_x = doubles_of(x);
      const Doubles at_weight = to_doubles(weight);
      const DepthwiseConv op(channels, kernel);
      const PaddedRows dx = allocate_rows(workspace, batch.tokens(), channels);
      op.backward(*op.pack(weight), batch, dy, dx, workspace);
      check_gradient("dx", values_of(dx),
                     differences([&](const Doubles& at) { return loss(at, at_weight); }, at_x));
      std::vector<float> gradient(weight.size());
      op.add_filter_gradient(batch, x, dy, gradient, workspace);
      check_gradient("d weight", gradient,
                     differences([&](const Doubles& at) { return loss(at_x, at); }, at_weight));
    }
  }
}

TEST_CASE("dynamic convolution: kernels wider than the text, one head, several sequences") {
  Random random(27);
  for (const DynamicConv& op :
       {DynamicConv{1, 1, 3}, {1, 19, 9}, {3, 4, 5}, {2, 16, 1}, {2, 33, 9}}) {
    INFO(op.heads, " heads of ", op.head_size, ", kernel ", op.kernel);
    Workspace workspace;
    const Batch batch = batch_of({1, 4, 12, 2});
    const std::int64_t width = op.heads * op.head_size;
    const PaddedRows kernels = random.matrix(workspace, batch.tokens(), op.heads * op.kernel);
    const PaddedRows values = random.matrix(workspace, batch.tokens(), width);
    const PaddedRows dy = random.matrix(workspace, batch.tokens(), width);
    const PaddedRows d_kernels = random.matrix(workspace, batch.tokens(), kernels.columns);
    const PaddedRows d_values = random.matrix(workspace, batch.tokens(), width);
    op.backward(batch, kernels, values, {dy, d_kernels, d_values});
    const Doubles d = doubles_of(dy);
    const auto loss = [&](const Doubles& by, const Doubles& at) {
      double sum = 0;
      for_each_tap(batch, op.kernel, [&](std::int64_t token, std::int64_t tap, std::int64_t other) {
        for (std::int64_t c = 0; c < width; ++c) {
          const std::int64_t head = c / op.head_size;
          sum += d[static_cast<std::size_t>(token * width + c)] *
                 by[static_cast<std::size_t>((token * op.heads + head) * op.kernel + tap)] *
                 at[static_cast<std::size_t>(other * width + c)];
        }
      });
      return sum;
    };
    const Doubles at_kernels = doubles_of(kernels);
    const Doubles at_values = doubles_of(values);
    check_gradient("d kernels", values_of(d_kernels),
                   differences([&](const Doubles& at) { return loss(at, at_values); }, at_kernels));
    check_gradient("d values", values_of(d_values),
                   differences([&](const Doubles& at) { return loss(at_kernels, at); }, at_values));
  }
}

TEST_CASE("dropout: its rate, its mean, its gradient; a place decides, not a batch") {
  Workspace workspace;
  constexpr std::int64_t kRows = 400;
  constexpr std::int64_t kColumns = 250;
  const PaddedRows ones = allocate_rows(workspace, kRows, kColumns);
  const PaddedRows y = allocate_rows(workspace, kRows, kColumns);
  std::fill_n(ones.data, kRows * kColumns, 1.0f);
  const Dropout dropout{.rate = 0.3f, .key = random_key({1, 2, 3})};
  dropout.apply(ones, y, 0);
  std::int64_t dropped = 0;
  for (const float value : values_of(y)) {
    dropped += value == 0.0f;
    CHECK((value == 0.0f || value == doctest::Approx(1 / 0.7)));
  }
  // Five standard deviations of a binomial distribution.
  const double spread = std::sqrt(kRows * kColumns * 0.3 * 0.7);
  CHECK(std::abs(static_cast<double>(dropped) - 0.3 * kRows * kColumns) < 5 * spread);

  const PaddedRows part = allocate_rows(workspace, 3, kColumns);
  dropout.apply(MatrixView(ones).row_range(17, 3), part, 17);
  CHECK(std::ranges::equal(values_of(part), values_of(MatrixView(y).row_range(17, 3))));

  // Another key, row or column is another draw: about 0.7^2 + 0.3^2 of them agree.
  const auto agreement = [&](const Dropout& other, std::int64_t first_row) {
    const PaddedRows z = allocate_rows(workspace, kRows, kColumns);
    other.apply(ones, z, first_row);
    std::int64_t same = 0;
    for (std::int64_t i = 0; i < kRows * kColumns; ++i) same += y.data[i] == z.data[i];
    return static_cast<double>(same) / (kRows * kColumns);
  };
  CHECK(agreement(dropout, 0) == 1.0);
  CHECK(agreement(dropout, kRows) == doctest::Approx(0.58).epsilon(0.02));
  CHECK(agreement({.rate = 0.3f, .key = random_key({1, 2, 4})}, 0) ==
        doctest::Approx(0.58).epsilon(0.02));
  CHECK(agreement({.rate = 0.3f, .key = random_key({2, 1, 3})}, 0) ==
        doctest::Approx(0.58).epsilon(0.02));
}

}  // namespace
}  // namespace convbert::nn
