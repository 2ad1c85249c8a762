#include "nn/row_loops.h"

#include "nn/lanes.h"

namespace convbert::nn {
namespace {

struct Add {
  static CONVBERT_INLINE void run(float* y, const float* x, std::int64_t count) {
    for_each_vector(count, [&](std::int64_t i, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
      store_lanes(y + i, load_lanes(y + i, lanes) + load_lanes(x + i, lanes), lanes);
    });
  }
};

struct InnerProduct {
  static CONVBERT_INLINE void run(const float* x, const float* y, std::int64_t count,
                                  float* result) {
    Floats even{};  // two sums, so that neither waits for the other
    Floats odd{};
    std::int64_t i = 0;
    for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
      even += load(x + i) * load(y + i);
      odd += load(x + i + kLanes) * load(y + i + kLanes);
    }
    for_each_vector(count - i, [&](std::int64_t at, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
      even += load_lanes(x + i + at, lanes) * load_lanes(y + i + at, lanes);
    });
    *result = sum_of(even + odd);
  }
};

struct UndoSoftmax {
  static CONVBERT_INLINE void run(const float* y, float* dy, std::int64_t count) {
    Floats products{};
    for_each_vector(count, [&](std::int64_t i, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
      products += load_lanes(y + i, lanes) * load_lanes(dy + i, lanes);
    });
    const Floats sum = splat(sum_of(products));
    for_each_vector(count, [&](std::int64_t i, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
      store_lanes(dy + i, load_lanes(y + i, lanes) * (load_lanes(dy + i, lanes) - sum), lanes);
    });
  }
};

using Bits16 = Unaligned<std::uint16_t>::Vector;
using Bits8 = Unaligned<std::uint8_t>::Vector;
using SignedBits8 = Unaligned<std::int8_t>::Vector;

// The upper halves are the result.
CONVBERT_INLINE Words round_bits_to_bf16(Floats value) {
  Words bits;
  std::memcpy(&bits, &value, sizeof(bits));
  const Words rounded = bits + 0x7FFF + ((bits >> 16) & 1);
  return value != value ? bits | 0x400000 : rounded;  // rounding must not lose a NaN
}

struct NarrowToBf16 {
  static CONVBERT_INLINE void run(const float* from, std::uint16_t* to, std::int64_t count) {
    for_each_vector(count, [&](std::int64_t i, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
      const Words rounded = round_bits_to_bf16(load_lanes(from + i, lanes));
      const Bits16 narrow = __builtin_convertvector(rounded >> 16, Bits16);
      std::memcpy(to + i, &narrow, static_cast<std::size_t>(lanes) * sizeof(*to));
    });
  }
};

struct RoundToBf16 {
  static CONVBERT_INLINE void run(const float* from, float* to, std::int64_t count) {
    for_each_vector(count, [&](std::int64_t i, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
      const Words rounded = round_bits_to_bf16(load_lanes(from + i, lanes)) & 0xFFFF0000u;
      std::memcpy(to + i, &rounded, static_cast<std::size_t>(lanes) * sizeof(*to));
    });
  }
};

// Calls step(first, lanes, q, scale) for each vector of a row's numbers, q in whole steps.
template <class Step>
CONVBERT_INLINE RowScale quantize_row(const float* from, std::int64_t count, Step step) {
  Floats low{};
  Floats high{};
  Floats poison{};  // NaN where a value is not finite, else 0: comparisons overlook NaN
  for_each_vector(count, [&](std::int64_t i, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
    const Floats x = load_lanes(from + i, lanes);
    low = smaller(low, x);
    high = larger(high, x);
    poison += x * 0.0f;
  });
  constexpr float kSteps = 255.0f;
  const float offset = smallest_of(low);
  const float width = (largest_of(high) - offset) / kSteps;
  const float steps_per_unit = width > 0.0f ? 1.0f / width : 0.0f;
  const RowScale row{width + sum_of(poison), offset};
  for_each_vector(count, [&](std::int64_t i, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
    const Floats steps = (load_lanes(from + i, lanes) - offset) * steps_per_unit + 0.5f;
    step(i, lanes, truncate(clamp(steps, 0.0f, kSteps)), row);
  });
  return row;
}

struct Quantize {
  static CONVBERT_INLINE void run(const float* from, std::uint8_t* to, std::int64_t count,
                                  RowScale* row) {
    *row = quantize_row(from, count,
                        [&](std::int64_t i, std::int64_t lanes, Ints q, RowScale)
                            CONVBERT_ALWAYS_INLINE {
                              const Bits8 narrow = __builtin_convertvector(q, Bits8);
                              std::memcpy(to + i, &narrow, static_cast<std::size_t>(lanes));
                            });
  }
};

struct RoundToU8 {
  static CONVBERT_INLINE void run(const float* from, float* to, std::int64_t count) {
    quantize_row(from, count,
                 [&](std::int64_t i, std::int64_t lanes, Ints q, RowScale row)
                     CONVBERT_ALWAYS_INLINE {
                       store_lanes(to + i, to_floats(q) * row.scale + row.offset, lanes);
                     });
  }
};

struct QuantizeWeights {
  static CONVBERT_INLINE void run(const float* from, std::int8_t* to, std::int64_t count,
                                  QuantizedWeights* weights) {
    constexpr float kSteps = 127.0f;
    Floats largest{};
    Floats poison{};
    for_each_vector(count, [&](std::int64_t i, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
      const Floats w = load_lanes(from + i, lanes);
      largest = larger(largest, w < 0.0f ? -w : w);
      poison += w * 0.0f;
    });
    const float scale = largest_of(largest) / kSteps;
    const float steps_per_unit = scale > 0.0f ? 1.0f / scale : 0.0f;
    Ints sum{};
    for_each_vector(count, [&](std::int64_t i, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
      const Floats steps = clamp(load_lanes(from + i, lanes) * steps_per_unit, -kSteps, kSteps);
      const Ints q = truncate(steps < 0.0f ? steps - 0.5f : steps + 0.5f);
      sum += q;
      const SignedBits8 narrow = __builtin_convertvector(q, SignedBits8);
      std::memcpy(to + i, &narrow, static_cast<std::size_t>(lanes));
    });
    std::int64_t total = 0;
    for (std::int64_t lane = 0; lane < kLanes; ++lane) total += sum[lane];
    *weights = {scale + sum_of(poison), scale * static_cast<float>(total)};
  }
};

CONVBERT_INLINE Floats load_sums(const std::int32_t* sums, std::int64_t lanes) {
  Ints integers{};
  std::memcpy(&integers, sums, static_cast<std::size_t>(lanes) * sizeof(*sums));
  return to_floats(integers);
}

template <bool kAccumulate>
struct Dequantize {
  static CONVBERT_INLINE void run(const std::int32_t* sums, RowScale row,
                                  const ColumnScales* columns, float* y) {
    const float* scale = columns->scale.data();
    const float* sum = columns->sum.data();
    const float* bias = columns->bias.data();
    const auto count = static_cast<std::int64_t>(columns->scale.size());
    for_each_vector(count, [&](std::int64_t i, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
      Floats value = load_sums(sums + i, lanes) * row.scale * load_lanes(scale + i, lanes) +
                     (row.offset * load_lanes(sum + i, lanes) + load_lanes(bias + i, lanes));
      if (kAccumulate) value += load_lanes(y + i, lanes);
      store_lanes(y + i, value, lanes);
    });
  }
};

}  // namespace

void add_in_place(float* y, const float* x, std::int64_t count) { dispatch<Add>(y, x, count); }

float inner_product(const float* x, const float* y, std::int64_t count) {
  float result = 0;
  dispatch<InnerProduct>(x, y, count, &result);
  return result;
}

void undo_softmax(const float* y, float* dy, std::int64_t count) {
  dispatch<UndoSoftmax>(y, dy, count);
}

void narrow_to_bf16(const float* from, std::uint16_t* to, std::int64_t count) {
  dispatch<NarrowToBf16>(from, to, count);
}

void round_to_bf16(const float* from, float* to, std::int64_t count) {
  dispatch<RoundToBf16>(from, to, count);
}

RowScale quantize(const float* from, std::uint8_t* to, std::int64_t count) {
  RowScale row;
  dispatch<Quantize>(from, to, count, &row);
  return row;
}

void round_to_u8(const float* from, float* to, std::int64_t count) {
  dispatch<RoundToU8>(from, to, count);
}

QuantizedWeights quantize_weights(const float* from, std::int8_t* to, std::int64_t count) {
  QuantizedWeights weights;
  dispatch<QuantizeWeights>(from, to, count, &weights);
  return weights;
}

void dequantize(const std::int32_t* sums, RowScale row, const ColumnScales& columns, float* y) {
  dispatch<Dequantize<false>>(sums, row, &columns, y);
}

void add_dequantized(const std::int32_t* sums, RowScale row, const ColumnScales& columns,
                     float* y) {
  dispatch<Dequantize<true>>(sums, row, &columns, y);
}

}  // namespace convbert::nn
