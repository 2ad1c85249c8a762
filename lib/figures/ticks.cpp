#include "figures/ticks.h"

#include <algorithm>
#include <cmath>

namespace convbert {

std::int64_t round_step(double least) {
  for (std::int64_t power = 1; power < 1'000'000'000'000; power *= 10) {
    for (const std::int64_t step : {power, 2 * power, 5 * power}) {
      if (static_cast<double>(step) >= least) return step;
    }
  }
  return 1'000'000'000'000;
}

std::vector<double> linear_ticks(double largest, int most) {
  if (!(largest > 0) || !std::isfinite(largest)) return {0};
  // Counted in a unit so small that its steps are whole numbers.
  const double unit = std::pow(10, std::floor(std::log10(largest)) - 2);
  const double step = static_cast<double>(round_step(largest / unit / std::max(most - 1, 1)));
  std::vector<double> ticks;
  for (double at = 0; at <= largest / unit * (1 + 1e-9); at += step) ticks.push_back(at * unit);
  return ticks;
}

std::vector<double> decade_ticks(double smallest, double largest) {
  std::vector<double> ticks;
  if (!(smallest > 0) || !std::isfinite(largest)) return ticks;
  for (double power = std::ceil(std::log10(smallest) - 1e-9); power <= std::log10(largest) + 1e-9;
       ++power) {
    ticks.push_back(std::pow(10, power));
  }
  return ticks;
}

}  // namespace convbert
