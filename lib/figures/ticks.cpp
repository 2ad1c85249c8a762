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
  const double units = largest / unit * (1 + 1e-9);  // 100 to 1000
  const double longest_step = units >= 500 ? 500 : units >= 200 ? 200 : 100;
  const double step = std::min(
      static_cast<double>(round_step(largest / unit / std::max(most - 1, 1))), longest_step);
  std::vector<double> ticks;
  for (double at = 0; at <= units; at += step) ticks.push_back(at * unit);
  return ticks;
}

std::vector<double> decade_ticks(double smallest, double largest) {
  if (!(smallest > 0) || !std::isfinite(largest)) return {};
  std::vector<double> powers;
  std::vector<double> finer;
  for (double power = std::floor(std::log10(smallest)); power <= std::log10(largest) + 1e-9;
       ++power) {
    for (const int times : {1, 2, 5}) {
      const double tick = times * std::pow(10, power);
      if (tick < smallest * (1 - 1e-9) || tick > largest * (1 + 1e-9)) continue;
      finer.push_back(tick);
      if (times == 1) powers.push_back(tick);
    }
  }
  return powers.size() < 2 ? finer : powers;
}

}  // namespace convbert
