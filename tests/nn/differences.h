// Gradients by central differences of functions in double precision, to hold backward passes to.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace convbert::nn {

using Doubles = std::vector<double>;

inline Doubles to_doubles(std::span<const float> floats) { return {floats.begin(), floats.end()}; }

// d f / d x[i] for each i.
inline Doubles differences(const std::function<double(const Doubles&)>& f, Doubles x) {
  constexpr double kStep = 1e-5;
  Doubles gradient;
  for (double& value : x) {
    const double kept = value;
    value = kept + kStep;
    const double above = f(x);
    value = kept - kStep;
    gradient.push_back((above - f(x)) / (2 * kStep));
    value = kept;
  }
  return gradient;
}

inline double dot(const Doubles& a, const Doubles& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Within `tolerance` of the largest entry.
inline void check_gradient(const std::string& what, std::span<const float> found,
                           const Doubles& expected, double tolerance = 1e-5) {
  REQUIRE(found.size() == expected.size());
  double largest = 0;
  double difference = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::abs(expected[i]));
    const double here = std::abs(expected[i] - static_cast<double>(found[i]));
    if (!(here <= difference)) difference = here;  // a NaN counts
  }
  INFO(what, ": largest entry ", largest, ", largest difference ", difference);
  CHECK(difference <= tolerance * std::max(largest, 1e-3));
}

}  // namespace convbert::nn
