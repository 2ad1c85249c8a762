#include "metrics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/random.h"
#include "core/threads.h"

namespace convbert {
namespace {

std::vector<std::uint32_t> draw(std::span<const std::uint32_t> kinds, std::size_t kind_count,
                                std::uint64_t replicate_seed) {
  std::vector<std::uint32_t> weights(kind_count, 0);
  const std::uint64_t count = kinds.size();
  for (std::uint64_t i = 0; i < count; ++i) {
    ++weights[kinds[below(count, mixed(replicate_seed, i))]];
  }
  return weights;
}

// sorted: not empty.
double quantile(std::span<const double> sorted, double share) {
  const double position = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double part = position - static_cast<double>(below);
  return sorted[below] + (sorted[above] - sorted[below]) * part;
}

Interval interval_of(std::vector<double> values, double level) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  if (values.empty()) {
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    return {kNone, kNone};
  }
  std::ranges::sort(values);
  return {quantile(values, (1 - level) / 2), quantile(values, (1 + level) / 2)};
}

}  // namespace

std::vector<Interval> bootstrap_intervals(std::span<const std::uint32_t> kinds,
                                          std::size_t kind_count, const WeightedFigures& figures,
                                          const Resampling& resampling) {
  if (kinds.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw Error(ErrorKind::internal, concat("bootstrap of ", kinds.size(), " records"));
  }
  std::vector<std::vector<double>> replicates(static_cast<std::size_t>(resampling.replicates));
  share_out(replicates.size(), resampling.threads, [&](std::size_t replicate, std::size_t) {
    replicates[replicate] = figures(draw(kinds, kind_count, mixed(resampling.seed, replicate)));
  });
  std::vector<Interval> intervals;
  for (std::size_t f = 0; !replicates.empty() && f < replicates.front().size(); ++f) {
    std::vector<double> values;
    for (const std::vector<double>& replicate : replicates) values.push_back(replicate[f]);
    intervals.push_back(interval_of(std::move(values), resampling.level));
  }
  return intervals;
}

}  // namespace convbert
