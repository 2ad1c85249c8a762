#include "metrics/roc.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

namespace convbert {

// By ranks (Mann and Whitney): positives of one score win over all negatives below, and half of
// those beside them.
double area_under_roc(std::span<const float> scores, std::span<const float> targets) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  if (std::ranges::any_of(scores, [](float score) { return std::isnan(score); })) return kNone;
  std::vector<std::uint32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, {}, [&](std::uint32_t i) { return scores[i]; });
  double won = 0.0;
  double negatives = 0.0;
  double positives = 0.0;
  for (auto next = order.begin(); next != order.end();) {
    const float score = scores[*next];
    double equal_negatives = 0.0;
    double equal_positives = 0.0;
    for (; next != order.end() && scores[*next] == score; ++next) {
      (targets[*next] > 0.5f ? equal_positives : equal_negatives) += 1.0;
    }
    won += equal_positives * (negatives + equal_negatives / 2.0);
    negatives += equal_negatives;
    positives += equal_positives;
  }
  if (negatives == 0.0 || positives == 0.0) return kNone;
  return won / negatives / positives;
}

double binary_entropy(double share) {
  const auto part = [](double p) { return p > 0.0 ? -p * std::log(p) : 0.0; };
  return part(share) + part(1.0 - share);
}

}  // namespace convbert
