// Passes over the numbers of a row, vectorised for the CPU at hand (see lanes.h). Rows are dense;
// `count` is a row's length.
#pragma once

#include <cstdint>
#include <span>

namespace convbert::nn {

void add_in_place(float* y, const float* x, std::int64_t count);          // y += x
float inner_product(const float* x, const float* y, std::int64_t count);  // sum(x * y)

// dy = y * (dy - sum(y * dy)): the gradient of a softmax whose result is y, in place.
void undo_softmax(const float* y, float* dy, std::int64_t count);

// To bfloat16, to nearest even: as its bits, or as floats that hold such numbers.
void narrow_to_bf16(const float* from, std::uint16_t* to, std::int64_t count);
void round_to_bf16(const float* from, float* to, std::int64_t count);

// x = scale * q + offset, to half a scale. A row with a NaN or an infinity has such a scale.
struct RowScale {
  float scale;
  float offset;
};
RowScale quantize(const float* from, std::uint8_t* to, std::int64_t count);
// To scale * q + offset, the number that a row so held has for each of its own; NaN where a row has
// no scale.
void round_to_u8(const float* from, float* to, std::int64_t count);

// The weights of one output feature to 8 bits: w = scale * q to half a scale, q from -127 to 127.
struct QuantizedWeights {
  float scale;  // NaN or infinite if a weight is
  float sum;    // of the weights, as rounded
};
QuantizedWeights quantize_weights(const float* from, std::int8_t* to, std::int64_t count);

// What a row of integer sums needs of a weight w = scale * q, q from -127 to 127, to become floats:
// one entry an output feature.
struct ColumnScales {
  std::span<const float> scale;
  std::span<const float> sum;  // of the feature's weights, as rounded
  std::span<const float> bias;
};
// y = x W + b, where `sums` holds sum_i q_x[i] q_w[i]. y may be `sums` itself.
void dequantize(const std::int32_t* sums, RowScale row, const ColumnScales& columns, float* y);
// y += x W + b
void add_dequantized(const std::int32_t* sums, RowScale row, const ColumnScales& columns, float* y);

}  // namespace convbert::nn
