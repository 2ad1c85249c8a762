#include "nn/depthwise_conv.h"

#include "core/error.h"
#include "nn/lanes.h"

namespace convbert::nn {
namespace {

struct Sequence {
  const float* x;  // its first row
  float* y;
  std::int64_t x_stride;
  std::int64_t y_stride;
  std::int64_t length;
  const float* taps;  // [kernel, channels]
  std::int64_t channels;
  std::int64_t kernel;
};

struct Convolve {
  // Positions that have all of their taps go four at a time, so that each weight is read once for
  // the four.
  static CONVBERT_INLINE void run(const Sequence* sequence) {
    constexpr std::int64_t kPositions = 4;
    const Sequence& s = *sequence;
    const std::int64_t half = s.kernel / 2;
    for_each_vector(s.channels, [&](std::int64_t c, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
      std::int64_t t = 0;
      while (t < s.length) {
        if (t >= half && t + kPositions + half <= s.length) {
          four(s, t - half, t, c, lanes);
          t += kPositions;
        } else {
          one(s, t, c, lanes);
          ++t;
        }
      }
    });
  }

 private:
  static CONVBERT_INLINE void four(const Sequence& s, std::int64_t first, std::int64_t t,
                                   std::int64_t c, std::int64_t lanes) {
    Floats sum0{};
    Floats sum1{};
    Floats sum2{};
    Floats sum3{};
    const float* x = s.x + first * s.x_stride + c;
    for (std::int64_t j = 0; j < s.kernel; ++j, x += s.x_stride) {
      const Floats tap = load_lanes(s.taps + j * s.channels + c, lanes);
      sum0 += tap * load_lanes(x, lanes);
      sum1 += tap * load_lanes(x + s.x_stride, lanes);
      sum2 += tap * load_lanes(x + 2 * s.x_stride, lanes);
      sum3 += tap * load_lanes(x + 3 * s.x_stride, lanes);
    }
    float* y = s.y + t * s.y_stride + c;
    store_lanes(y, sum0, lanes);
    store_lanes(y + s.y_stride, sum1, lanes);
    store_lanes(y + 2 * s.y_stride, sum2, lanes);
    store_lanes(y + 3 * s.y_stride, sum3, lanes);
  }

  // One position near an end: the taps inside the sequence.
  static CONVBERT_INLINE void one(const Sequence& s, std::int64_t t, std::int64_t c,
                                  std::int64_t lanes) {
    const std::int64_t half = s.kernel / 2;
    const std::int64_t begin = t < half ? half - t : 0;
    const std::int64_t end = t + half < s.length ? s.kernel : s.length - t + half;
    Floats sum{};
    for (std::int64_t j = begin; j < end; ++j) {
      sum += load_lanes(s.taps + j * s.channels + c, lanes) *
             load_lanes(s.x + (t + j - half) * s.x_stride + c, lanes);
    }
    store_lanes(s.y + t * s.y_stride + c, sum, lanes);
  }
};

}  // namespace

DepthwiseConv::DepthwiseConv(std::span<const float> weight, std::int64_t channels,
                             std::int64_t kernel)
    : channels_(channels), kernel_(kernel), taps_(weight.size()) {
  if (kernel % 2 != 1 || weight.size() != static_cast<std::size_t>(channels * kernel)) {
    throw Error(ErrorKind::internal, "DepthwiseConv: the weight has the wrong shape");
  }
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t j = 0; j < kernel; ++j) {
      taps_[static_cast<std::size_t>(j * channels + c)] =
          weight[static_cast<std::size_t>(c * kernel + j)];
    }
  }
}

void DepthwiseConv::forward(const Batch& batch, ConstMatrixView x, MatrixView y) const {
  if (x.columns != channels_ || y.columns != channels_ || x.rows != batch.tokens() ||
      y.rows != x.rows) {
    throw Error(ErrorKind::internal, "DepthwiseConv: x or y has the wrong shape");
  }
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
    const Sequence sequence{.x = x.row(batch.start(s)),
                            .y = y.row(batch.start(s)),
                            .x_stride = x.stride,
                            .y_stride = y.stride,
                            .length = batch.length(s),
                            .taps = taps_.data(),
                            .channels = channels_,
                            .kernel = kernel_};
    dispatch<Convolve>(&sequence);
  }
}

}  // namespace convbert::nn
