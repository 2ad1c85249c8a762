#include "nn/loops.h"

#include <algorithm>

#include "core/error.h"
#include "nn/compute.h"

// A loop is written once, always inlined, and compiled once for each instruction set. Only plain
// loops may stand in it: an inline function of a library would be compiled for the wider set too,
// and the linker might keep that copy for all callers.
#if defined(__x86_64__)
#define CONVBERT_TARGETS 1
#define CONVBERT_AVX2 __attribute__((target("avx2,fma")))
#define CONVBERT_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#else
#define CONVBERT_TARGETS 0
#endif
#define CONVBERT_INLINE inline __attribute__((always_inline))

namespace convbert::nn {
namespace {

struct DynamicConvRow {
  const float* kernel;  // the first tap that is inside the sequence
  const float* values;  // that tap's row
  std::int64_t stride;  // of the values
  std::int64_t taps;
  float* output;
};

// One head at one position: output[c] = sum_j kernel[j] * values[j * stride + c], taps in order.
CONVBERT_INLINE void dynamic_conv_loop(const DynamicConvRow& row, std::int64_t channels) {
  constexpr std::int64_t kBlock = 16;
  std::int64_t c = 0;
  for (; c + kBlock <= channels; c += kBlock) {
    float sum[kBlock] = {};
    for (std::int64_t j = 0; j < row.taps; ++j) {
      const float weight = row.kernel[j];
      const float* value = row.values + j * row.stride + c;
      for (std::int64_t i = 0; i < kBlock; ++i) sum[i] += weight * value[i];
    }
    for (std::int64_t i = 0; i < kBlock; ++i) row.output[c + i] = sum[i];
  }
  for (; c < channels; ++c) {
    float sum = 0.0f;
    for (std::int64_t j = 0; j < row.taps; ++j) {
      sum += row.kernel[j] * row.values[j * row.stride + c];
    }
    row.output[c] = sum;
  }
}

CONVBERT_INLINE void multiply_loop(float* y, const float* x, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) y[i] *= x[i];
}

CONVBERT_INLINE void add_loop(float* y, const float* x, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) y[i] += x[i];
}

struct LoopTable {
  void (*dynamic_conv)(const DynamicConvRow&, std::int64_t);
  void (*multiply)(float*, const float*, std::int64_t);
  void (*add)(float*, const float*, std::int64_t);
};

void dynamic_conv_portable(const DynamicConvRow& row, std::int64_t channels) {
  dynamic_conv_loop(row, channels);
}
void multiply_portable(float* y, const float* x, std::int64_t count) { multiply_loop(y, x, count); }
void add_portable(float* y, const float* x, std::int64_t count) { add_loop(y, x, count); }

#if CONVBERT_TARGETS
CONVBERT_AVX2 void dynamic_conv_avx2(const DynamicConvRow& row, std::int64_t channels) {
  dynamic_conv_loop(row, channels);
}
CONVBERT_AVX2 void multiply_avx2(float* y, const float* x, std::int64_t count) {
  multiply_loop(y, x, count);
}
CONVBERT_AVX2 void add_avx2(float* y, const float* x, std::int64_t count) { add_loop(y, x, count); }

CONVBERT_AVX512 void dynamic_conv_avx512(const DynamicConvRow& row, std::int64_t channels) {
  dynamic_conv_loop(row, channels);
}
CONVBERT_AVX512 void multiply_avx512(float* y, const float* x, std::int64_t count) {
  multiply_loop(y, x, count);
}
CONVBERT_AVX512 void add_avx512(float* y, const float* x, std::int64_t count) {
  add_loop(y, x, count);
}
#endif

const LoopTable& loops() {
  static const LoopTable table = [] {
    LoopTable portable{dynamic_conv_portable, multiply_portable, add_portable};
#if CONVBERT_TARGETS
    switch (instruction_set()) {
      case InstructionSet::avx512:
        return LoopTable{dynamic_conv_avx512, multiply_avx512, add_avx512};
      case InstructionSet::avx2: return LoopTable{dynamic_conv_avx2, multiply_avx2, add_avx2};
      case InstructionSet::portable: break;
    }
#endif
    return portable;
  }();
  return table;
}

}  // namespace

void DynamicConv::forward(const Batch& batch, ConstMatrixView kernels, ConstMatrixView values,
                          MatrixView output) const {
  if (kernels.columns != heads * kernel || values.columns != heads * head_size ||
      output.columns != values.columns || kernels.rows != batch.tokens() ||
      values.rows != batch.tokens() || output.rows != batch.tokens()) {
    throw Error(ErrorKind::internal, "DynamicConv: an argument has the wrong shape");
  }
  const auto run = loops().dynamic_conv;
  const std::int64_t half = kernel / 2;
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
    const std::int64_t start = batch.start(s);
    const std::int64_t length = batch.length(s);
    for (std::int64_t t = 0; t < length; ++t) {
      const std::int64_t first = std::max<std::int64_t>(0, half - t);
      const std::int64_t last = std::min(kernel, length - t + half);
      const float* value_row = values.row(start + t + first - half);
      for (std::int64_t head = 0; head < heads; ++head) {
        run({.kernel = kernels.row(start + t) + head * kernel + first,
             .values = value_row + head * head_size,
             .stride = values.stride,
             .taps = last - first,
             .output = output.row(start + t) + head * head_size},
            head_size);
      }
    }
  }
}

void multiply_in_place(MatrixView y, ConstMatrixView x) {
  for (std::int64_t row = 0; row < y.rows; ++row) {
    loops().multiply(y.row(row), x.row(row), y.columns);
  }
}

void add_in_place(float* y, const float* x, std::int64_t count) { loops().add(y, x, count); }

}  // namespace convbert::nn
