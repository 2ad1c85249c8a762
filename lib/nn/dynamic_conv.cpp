#include "nn/dynamic_conv.h"

#include <algorithm>

#include "nn/checks.h"
#include "nn/lanes.h"

namespace convbert::nn {
namespace {

// One position, from the first tap of its kernels that is inside the sequence.
struct Position {
  std::int64_t token;
  std::int64_t first_tap;
  std::int64_t first_token;  // that this tap meets
  std::int64_t taps;         // inside
  const float* kernels;      // of the first head, at the first tap
  const float* values;       // the first token's
  std::int64_t stride;       // of the values
  std::int64_t heads;
  std::int64_t head_size;
  std::int64_t kernel;
};

struct Mix {
  // Four vectors at a time as far as they go: enough sums under way to keep the multipliers busy.
  static CONVBERT_INLINE void run(const Position* position, float* to) {
    constexpr std::int64_t kBlock = 4 * kLanes;
    const Position& p = *position;
    for (std::int64_t head = 0; head < p.heads; ++head) {
      const float* kernel = p.kernels + head * p.kernel;
      const float* values = p.values + head * p.head_size;
      float* output = to + head * p.head_size;
      std::int64_t c = 0;
      for (; c + kBlock <= p.head_size; c += kBlock) {
        Floats sum0{};
        Floats sum1{};
        Floats sum2{};
        Floats sum3{};
        for (std::int64_t j = 0; j < p.taps; ++j) {
          const float* value = values + j * p.stride + c;
          sum0 += kernel[j] * load(value);
          sum1 += kernel[j] * load(value + kLanes);
          sum2 += kernel[j] * load(value + 2 * kLanes);
          sum3 += kernel[j] * load(value + 3 * kLanes);
        }
        store(output + c, sum0);
        store(output + c + kLanes, sum1);
        store(output + c + 2 * kLanes, sum2);
        store(output + c + 3 * kLanes, sum3);
      }
      for_each_vector(p.head_size - c,
                      [&](std::int64_t i, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
                        Floats sum{};
                        for (std::int64_t j = 0; j < p.taps; ++j) {
                          sum += kernel[j] * load_lanes(values + j * p.stride + c + i, lanes);
                        }
                        store_lanes(output + c + i, sum, lanes);
                      });
    }
  }
};

// What the output of one position, at `gradient`, asks of its kernels and of the values that they
// mixed: one pass over the taps serves both.
struct UndoMix {
  static CONVBERT_INLINE void run(const Position* position, const float* gradient,
                                  float* kernel_gradient, float* value_gradient,
                                  std::int64_t value_stride) {
    const Position& p = *position;
    for (std::int64_t head = 0; head < p.heads; ++head) {
      const float* kernel = p.kernels + head * p.kernel;
      const std::int64_t first = head * p.head_size;
      for (std::int64_t j = 0; j < p.taps; ++j) {
        const float* value = p.values + j * p.stride + first;
        float* to = value_gradient + j * value_stride + first;
        const float weight = kernel[j];
        Floats sum{};
        for_each_vector(
            p.head_size, [&](std::int64_t i, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
              const Floats of_output = load_lanes(gradient + first + i, lanes);
              sum += of_output * load_lanes(value + i, lanes);
              store_lanes(to + i, load_lanes(to + i, lanes) + weight * of_output, lanes);
            });
        kernel_gradient[head * p.kernel + j] = sum_of(sum);
      }
    }
  }
};

template <class Visit>
void for_each_position(const DynamicConv& op, const Batch& batch, ConstMatrixView kernels,
                       ConstMatrixView values, Visit visit) {
  const std::int64_t half = op.kernel / 2;
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
    const std::int64_t start = batch.start(s);
    const std::int64_t length = batch.length(s);
    for (std::int64_t t = 0; t < length; ++t) {
      const std::int64_t first = std::max<std::int64_t>(0, half - t);
      const std::int64_t last = std::min(op.kernel, length - t + half);
      const std::int64_t first_token = start + t + first - half;
      visit(Position{.token = start + t,
                     .first_tap = first,
                     .first_token = first_token,
                     .taps = last - first,
                     .kernels = kernels.row(start + t) + first,
                     .values = values.row(first_token),
                     .stride = values.stride,
                     .heads = op.heads,
                     .head_size = op.head_size,
                     .kernel = op.kernel});
    }
  }
}

}  // namespace

void DynamicConv::forward(const Batch& batch, ConstMatrixView kernels, ConstMatrixView values,
                          MatrixView output) const {
  if (kernels.columns != heads * kernel || values.columns != heads * head_size ||
      output.columns != values.columns || kernels.rows != batch.tokens() ||
      values.rows != batch.tokens() || output.rows != batch.tokens()) {
    throw Error(ErrorKind::internal, "DynamicConv: an argument has the wrong shape");
  }
  for_each_position(*this, batch, kernels, values, [&](const Position& position) {
    dispatch<Mix>(&position, output.row(position.token));
  });
}

void DynamicConv::backward(const Batch& batch, ConstMatrixView kernels, ConstMatrixView values,
                           const Gradients& gradients) const {
  const std::int64_t tokens = batch.tokens();
  expect_shape("DynamicConv's gradient, kernels", kernels, tokens, heads * kernel);
  expect_shape("DynamicConv's gradient, values", values, tokens, heads * head_size);
  expect_shape("DynamicConv's gradient, d output", gradients.output, tokens, heads * head_size);
  expect_shape("DynamicConv's gradient, d kernels", gradients.kernels, tokens, heads * kernel);
  expect_shape("DynamicConv's gradient, d values", gradients.values, tokens, heads * head_size);
  for (std::int64_t row = 0; row < tokens; ++row) {
    std::ranges::fill(gradients.kernels.row_span(row), 0.0f);
    std::ranges::fill(gradients.values.row_span(row), 0.0f);
  }
  for_each_position(*this, batch, kernels, values, [&](const Position& position) {
    dispatch<UndoMix>(&position, gradients.output.row(position.token),
                      gradients.kernels.row(position.token) + position.first_tap,
                      gradients.values.row(position.first_token), gradients.values.stride);
  });
}

}  // namespace convbert::nn
