// Weights in 12 bits, two base64 digits each: what a page holds them as.
//
// Code 0 is nothing. Codes 1 to 4095 rise in equal ratios from a millionth of `largest` to
// `largest`, so that a weight read back is within 0.17 % of what it was; what is less than a
// millionth counts as nothing. The first digit holds the upper six bits (RFC 4648, table 1).
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace convbert {

inline constexpr int kLargestWeightCode = 4095;
inline constexpr double kWeightCodeDecades = 6;

// The code of a weight, neither negative; what is no number has code 0.
int code_of_weight(double weight, double largest);

void append_weight_codes(std::span<const float> weights, double largest, std::string& digits);

}  // namespace convbert
