#include "nn/dynamic_conv.h"

#include <algorithm>

#include "core/error.h"
#include "nn/lanes.h"

namespace convbert::nn {
namespace {

// One position.
struct Position {
  const float* kernels;  // of the first head, at the first tap that is inside the sequence
  const float* values;   // that tap's row
  std::int64_t stride;   // of the values
  std::int64_t taps;
  float* output;
  std::int64_t heads;
  std::int64_t head_size;
  std::int64_t kernel;
};

struct Mix {
  // Four vectors at a time as far as they go: enough sums under way to keep the multipliers busy.
  static CONVBERT_INLINE void run(const Position* position) {
    constexpr std::int64_t kBlock = 4 * kLanes;
    const Position& p = *position;
    for (std::int64_t head = 0; head < p.heads; ++head) {
      const float* kernel = p.kernels + head * p.kernel;
      const float* values = p.values + head * p.head_size;
      float* output = p.output + head * p.head_size;
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

}  // namespace

void DynamicConv::forward(const Batch& batch, ConstMatrixView kernels, ConstMatrixView values,
                          MatrixView output) const {
  if (kernels.columns != heads * kernel || values.columns != heads * head_size ||
      output.columns != values.columns || kernels.rows != batch.tokens() ||
      values.rows != batch.tokens() || output.rows != batch.tokens()) {
    throw Error(ErrorKind::internal, "DynamicConv: an argument has the wrong shape");
  }
  const std::int64_t half = kernel / 2;
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
    const std::int64_t start = batch.start(s);
    const std::int64_t length = batch.length(s);
    for (std::int64_t t = 0; t < length; ++t) {
      const std::int64_t first = std::max<std::int64_t>(0, half - t);
      const std::int64_t last = std::min(kernel, length - t + half);
      const Position position{.kernels = kernels.row(start + t) + first,
                              .values = values.row(start + t + first - half),
                              .stride = values.stride,
                              .taps = last - first,
                              .output = output.row(start + t),
                              .heads = heads,
                              .head_size = head_size,
                              .kernel = kernel};
      dispatch<Mix>(&position);
    }
  }
}

}  // namespace convbert::nn
