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

struct Multiply {
  static CONVBERT_INLINE void run(float* y, const float* x, std::int64_t count) {
    for_each_vector(count, [&](std::int64_t i, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
      store_lanes(y + i, load_lanes(y + i, lanes) * load_lanes(x + i, lanes), lanes);
    });
  }
};

struct Gelu {
  static CONVBERT_INLINE Floats of(Floats x) {
    return 0.5f * x * (1.0f + error_function(x * 0.707106781f));
  }
};
struct GeluTanh {
  static CONVBERT_INLINE Floats of(Floats x) {
    return 0.5f * x * (1.0f + hyperbolic_tangent(0.797884561f * (x + 0.044715f * x * x * x)));
  }
};
struct Relu {
  static CONVBERT_INLINE Floats of(Floats x) { return x < 0.0f ? Floats{} : x; }
};
struct Silu {
  static CONVBERT_INLINE Floats of(Floats x) { return x / (1.0f + exponential(-x)); }
};
struct Tanh {
  static CONVBERT_INLINE Floats of(Floats x) { return hyperbolic_tangent(x); }
};

template <class Function>
struct Apply {
  static CONVBERT_INLINE void run(float* row, std::int64_t count) {
    for_each_vector(count, [&](std::int64_t i, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
      store_lanes(row + i, Function::of(load_lanes(row + i, lanes)), lanes);
    });
  }
};

using Bits16 = Unaligned<std::uint16_t>::Vector;
using Bits8 = Unaligned<std::uint8_t>::Vector;
using SignedBits8 = Unaligned<std::int8_t>::Vector;

struct NarrowToBf16 {
  static CONVBERT_INLINE void run(const float* from, std::uint16_t* to, std::int64_t count) {
    for_each_vector(count, [&](std::int64_t i, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
      const Floats value = load_lanes(from + i, lanes);
      Words bits;
      std::memcpy(&bits, &value, sizeof(bits));
      Words rounded = bits + 0x7FFF + ((bits >> 16) & 1);
      rounded = value != value ? bits | 0x400000 : rounded;  // rounding must not lose a NaN
      const Bits16 narrow = __builtin_convertvector(rounded >> 16, Bits16);
      std::memcpy(to + i, &narrow, static_cast<std::size_t>(lanes) * sizeof(*to));
    });
  }
};

struct WidenFromBf16 {
  static CONVBERT_INLINE void run(const std::uint16_t* from, float* to, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
      const std::uint32_t bits = std::uint32_t{from[i]} << 16;
      std::memcpy(to + i, &bits, sizeof(bits));
    }
  }
};

struct WidenFromU8 {
  static CONVBERT_INLINE void run(const std::uint8_t* from, float* to, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]);
  }
};

struct Quantize {
  static CONVBERT_INLINE void run(const float* from, std::uint8_t* to, std::int64_t count,
                                  RowScale* row) {
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
    const float scale = (largest_of(high) - offset) / kSteps;
    const float steps_per_unit = scale > 0.0f ? 1.0f / scale : 0.0f;
    for_each_vector(count, [&](std::int64_t i, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
      const Floats steps = (load_lanes(from + i, lanes) - offset) * steps_per_unit + 0.5f;
      const Bits8 q = __builtin_convertvector(truncate(clamp(steps, 0.0f, kSteps)), Bits8);
      std::memcpy(to + i, &q, static_cast<std::size_t>(lanes));
    });
    *row = {scale + sum_of(poison), offset};
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

template <bool kAccumulate>
struct Dequantize {
  static CONVBERT_INLINE void run(const std::int32_t* sums, RowScale row,
                                  const ColumnScales* columns, float* y) {
    const float* scale = columns->scale.data();
    const float* sum = columns->sum.data();
    const float* bias = columns->bias.data();
    const auto count = static_cast<std::int64_t>(columns->scale.size());
    for_each_vector(count, [&](std::int64_t i, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
      Ints integers{};
      std::memcpy(&integers, sums + i, static_cast<std::size_t>(lanes) * sizeof(*sums));
      Floats value = to_floats(integers) * row.scale * load_lanes(scale + i, lanes) +
                     (row.offset * load_lanes(sum + i, lanes) + load_lanes(bias + i, lanes));
      if (kAccumulate) value += load_lanes(y + i, lanes);
      store_lanes(y + i, value, lanes);
    });
  }
};

struct ToIntegers {
  static CONVBERT_INLINE void run(const float* row, std::int32_t* to, std::int64_t count) {
    for_each_vector(count, [&](std::int64_t i, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
      const Ints integers = truncate(load_lanes(row + i, lanes));
      std::memcpy(to + i, &integers, static_cast<std::size_t>(lanes) * sizeof(*to));
    });
  }
};

struct Normalize {
  static CONVBERT_INLINE void run(float* row, const float* scale, const float* shift, float epsilon,
                                  std::int64_t count) {
    const auto size = static_cast<float>(count);
    Floats sum{};
    for_each_vector(count, [&](std::int64_t i, std::int64_t lanes)
                               CONVBERT_ALWAYS_INLINE { sum += load_lanes(row + i, lanes); });
    const float mean = sum_of(sum) / size;
    Floats squares{};
    for_each_vector(count, [&](std::int64_t i, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
      const Floats centred = load_lanes(row + i, lanes) - mean;
      if (lanes == kLanes) {
        squares += centred * centred;
      } else {
        for (std::int64_t lane = 0; lane < lanes; ++lane) {
          squares[lane] += centred[lane] * centred[lane];
        }
      }
    });
    const float inverse = 1.0f / __builtin_sqrtf(sum_of(squares) / size + epsilon);
    for_each_vector(count, [&](std::int64_t i, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
      const Floats centred = load_lanes(row + i, lanes) - mean;
      const Floats scaled = centred * (inverse * load_lanes(scale + i, lanes));
      store_lanes(row + i, scaled + load_lanes(shift + i, lanes), lanes);
    });
  }
};

struct SoftmaxOfGroups {
  static CONVBERT_INLINE void run(float* row, std::int64_t width, std::int64_t count) {
    for (float* group = row; group < row + count; group += width) {
      float largest = group[0];
      for (std::int64_t i = 1; i < width; ++i) largest = group[i] > largest ? group[i] : largest;
      for (std::int64_t i = 0; i < width; ++i) group[i] -= largest;
    }
    for_each_vector(count, [&](std::int64_t i, std::int64_t lanes) CONVBERT_ALWAYS_INLINE {
      store_lanes(row + i, exponential(load_lanes(row + i, lanes)), lanes);
    });
    for (float* group = row; group < row + count; group += width) {
      float sum = 0.0f;
      for (std::int64_t i = 0; i < width; ++i) sum += group[i];
      const float inverse = 1.0f / sum;
      for (std::int64_t i = 0; i < width; ++i) group[i] *= inverse;
    }
  }
};

}  // namespace

void add_in_place(float* y, const float* x, std::int64_t count) { dispatch<Add>(y, x, count); }

void multiply_in_place(float* y, const float* x, std::int64_t count) {
  dispatch<Multiply>(y, x, count);
}

void activate(Activation activation, float* row, std::int64_t count) {
  switch (activation) {
    case Activation::identity: return;
    case Activation::gelu: return dispatch<Apply<Gelu>>(row, count);
    case Activation::gelu_tanh: return dispatch<Apply<GeluTanh>>(row, count);
    case Activation::relu: return dispatch<Apply<Relu>>(row, count);
    case Activation::silu: return dispatch<Apply<Silu>>(row, count);
    case Activation::tanh: return dispatch<Apply<Tanh>>(row, count);
  }
}

void narrow_to_bf16(const float* from, std::uint16_t* to, std::int64_t count) {
  dispatch<NarrowToBf16>(from, to, count);
}

void widen_from_bf16(const std::uint16_t* from, float* to, std::int64_t count) {
  dispatch<WidenFromBf16>(from, to, count);
}

RowScale quantize(const float* from, std::uint8_t* to, std::int64_t count) {
  RowScale row;
  dispatch<Quantize>(from, to, count, &row);
  return row;
}

QuantizedWeights quantize_weights(const float* from, std::int8_t* to, std::int64_t count) {
  QuantizedWeights weights;
  dispatch<QuantizeWeights>(from, to, count, &weights);
  return weights;
}

void widen_from_u8(const std::uint8_t* from, float* to, std::int64_t count) {
  dispatch<WidenFromU8>(from, to, count);
}

void dequantize(const std::int32_t* sums, RowScale row, const ColumnScales& columns, float* y) {
  dispatch<Dequantize<false>>(sums, row, &columns, y);
}

void add_dequantized(const std::int32_t* sums, RowScale row, const ColumnScales& columns,
                     float* y) {
  dispatch<Dequantize<true>>(sums, row, &columns, y);
}

void to_integers(const float* row, std::int32_t* to, std::int64_t count) {
  dispatch<ToIntegers>(row, to, count);
}

void normalize(float* row, const float* scale, const float* shift, float epsilon,
               std::int64_t count) {
  dispatch<Normalize>(row, scale, shift, epsilon, count);
}

void softmax_of_groups(float* row, std::int64_t width, std::int64_t count) {
  dispatch<SoftmaxOfGroups>(row, width, count);
}

}  // namespace convbert::nn
