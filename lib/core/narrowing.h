// Floats rounded to types of 16 bits: to nearest, ties to even (IEEE 754). What is beyond the
// largest finite number becomes infinite, NaN stays NaN.
#pragma once

#include <bit>
#include <cstdint>

namespace convbert {

inline std::uint16_t float_to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (value != value) return static_cast<std::uint16_t>((bits >> 16) | 0x40U);  // quiet
  return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

inline std::uint16_t float_to_float16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (value != value) return static_cast<std::uint16_t>(sign | 0x7E00U);
  if (magnitude >= 0x477FF000U) return static_cast<std::uint16_t>(sign | 0x7C00U);  // from 65520
  if (magnitude < 0x38800000U) {
    // Below 2^-14 a step is 2^-24, which is what a float from 0.5 on has: adding rounds.
    const auto moved = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + 0.5F);
    return static_cast<std::uint16_t>(sign | (moved - std::bit_cast<std::uint32_t>(0.5F)));
  }
  constexpr std::uint32_t kBias = (127U - 15U) << 23;
  const std::uint32_t rounded = magnitude - kBias + 0xFFFU + ((magnitude >> 13) & 1U);
  return static_cast<std::uint16_t>(sign | (rounded >> 13));
}

}  // namespace convbert
