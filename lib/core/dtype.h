// Element types of stored tensors, and their exact widening to float.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace convbert {

enum class DType : std::uint8_t { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean };

std::size_t size_of(DType dtype);       // bytes an element
std::string_view name_of(DType dtype);  // "F32", as safetensors spells it
bool is_floating_point(DType dtype);

// bfloat16 is the upper half of a float.
inline float bfloat16_to_float(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

// IEEE 754 binary16, subnormals, infinities and NaNs included.
float float16_to_float(std::uint16_t bits);

// Reads destination.size() little-endian elements from `source` (which need not be aligned).
// Exact for f32, f16 and bf16; f64 is rounded to nearest.
// Throws Error(internal) for an integer type or a source that is too short.
void widen_to_float(DType dtype, std::span<const std::byte> source, std::span<float> destination);

}  // namespace convbert
