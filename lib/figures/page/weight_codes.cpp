#include "figures/page/weight_codes.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace convbert {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr double kStepsPerDecade = (kLargestWeightCode - 1) / kWeightCodeDecades;

}  // namespace

int code_of_weight(double weight, double largest) {
  if (!(weight > 0) || !(largest > 0)) return 0;
  const double below = -std::log10(weight / largest) * kStepsPerDecade;
  if (!(below < kLargestWeightCode)) return 0;
  return kLargestWeightCode - static_cast<int>(std::lround(std::max(below, 0.0)));
}

void append_weight_codes(std::span<const float> weights, double largest, std::string& digits) {
  const std::size_t start = digits.size();
  digits.resize(start + weights.size() * 2);
  char* out = digits.data() + start;
  for (const float weight : weights) {
    const auto code = static_cast<unsigned>(code_of_weight(weight, largest));
    *out++ = kDigits[code >> 6];
    *out++ = kDigits[code & 63];
  }
}

}  // namespace convbert
