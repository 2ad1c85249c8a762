#include "metrics/value_figures.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace convbert {
namespace {

using Weights = std::span<const std::uint32_t>;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// Of those that count: rounding must not make a spread of equal values.
bool is_constant(std::span<const double> values, Weights weights) {
  const double* first = nullptr;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (weights[i] == 0) continue;
    if (first == nullptr) first = &values[i];
    if (values[i] != *first) return false;
  }
  return true;
}

double mean(std::span<const double> values, Weights weights) {
  double sum = 0;
  double count = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += weights[i] * values[i];
    count += weights[i];
  }
  return sum / count;
}

double pearson(std::span<const double> a, std::span<const double> b, Weights weights) {
  if (is_constant(a, weights) || is_constant(b, weights)) return kNone;
  const double mean_a = mean(a, weights);
  const double mean_b = mean(b, weights);
  double ab = 0;
  double aa = 0;
  double bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double from_a = a[i] - mean_a;
    const double from_b = b[i] - mean_b;
    ab += weights[i] * from_a * from_b;
    aa += weights[i] * from_a * from_a;
    bb += weights[i] * from_b * from_b;
  }
  return std::clamp(ab / std::sqrt(aa) / std::sqrt(bb), -1.0, 1.0);
}

}  // namespace

void ValuePairs::add(double truth, double predicted) {
  truth_.values.push_back(truth);
  predicted_.values.push_back(predicted);
}

void ValuePairs::sort() {
  for (Side* side : {&truth_, &predicted_}) {
    side->order.resize(size());
    std::iota(side->order.begin(), side->order.end(), 0U);
    std::ranges::sort(side->order, {}, [&](std::uint32_t i) { return side->values[i]; });
  }
}

// From 1, of the list that has each value as often as it counts.
std::vector<double> ValuePairs::ranks(const Side& side, Weights weights) {
  std::vector<double> ranks(side.values.size());
  double before = 0;
  for (auto first = side.order.begin(); first != side.order.end();) {
    auto last = first;
    double equal = 0;
    for (; last != side.order.end() && side.values[*last] == side.values[*first]; ++last) {
      equal += weights[*last];
    }
    for (; first != last; ++first) ranks[*first] = before + (equal + 1) / 2;
    before += equal;
  }
  return ranks;
}

ValueFigures ValuePairs::figures() const { return figures(std::vector<std::uint32_t>(size(), 1)); }

ValueFigures ValuePairs::figures(Weights weights) const {
  if (size() == 0) return {kNone, kNone, kNone, kNone};
  double absolute = 0;
  double squared = 0;
  double count = 0;
  for (std::size_t i = 0; i < size(); ++i) {
    const double error = predicted_.values[i] - truth_.values[i];
    absolute += weights[i] * std::abs(error);
    squared += weights[i] * error * error;
    count += weights[i];
  }
  return {.pearson = pearson(truth_.values, predicted_.values, weights),
          .spearman = pearson(ranks(truth_, weights), ranks(predicted_, weights), weights),
          .mean_absolute_error = absolute / count,
          .root_mean_squared_error = std::sqrt(squared / count)};
}

}  // namespace convbert
