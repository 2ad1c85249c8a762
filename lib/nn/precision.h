// In which numbers products are computed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace convbert::nn {

// Everything but the two sides of a matrix product is float32 in each of them: sums, residuals,
// norms, softmax, activations. Attention's products are bfloat16 with bf16, and float32 with int8.
enum class Precision {
  f32,
  bf16,  // both sides rounded to bfloat16, to nearest even
  int8,  // weights: 8 bits, a scale an output feature; inputs: 8 bits, a scale and an offset a row,
         // taken from that row when it comes, so that a row never depends on its batch; of more
         // than 66,311 inputs, whose sums may not fit 32 bits, both are floats rounded as these
};

std::optional<Precision> precision_from_name(std::string_view name);  // "f32", "bf16", "int8"
std::string_view name_of(Precision precision);

// Whether this CPU multiplies such numbers itself. Where it does not, both sides are floats rounded
// as these: the same results but for the rounding of sums, no faster than f32.
bool is_native(Precision precision);
std::vector<std::string> native_precisions();  // by name

}  // namespace convbert::nn
