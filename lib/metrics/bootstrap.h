// How far a figure would move with other records of the same kind: percentile intervals of the
// bootstrap (Efron 1979; Efron and Tibshirani 1993, chapter 13).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace convbert {

struct Resampling {
  int replicates = 1000;
  std::uint64_t seed = 1;
  double level = 0.95;
  int threads = 1;  // changes no result
};

// NaN where no replicate had a value.
struct Interval {
  double low;
  double high;
};

// Figures of records of which those of kind k count weights[k] times; a figure that has no value is
// NaN. Called from several threads at a time.
using WeightedFigures = std::function<std::vector<double>(std::span<const std::uint32_t> weights)>;

// One interval a figure. kinds: of each record, below kind_count; records of one kind give the
// same. A replicate draws as many records as there are, with replacement: of n records, its draw i
// is record (mixed(mixed(seed, replicate), i) >> 32) * n >> 32. Quantiles are interpolated
// linearly, as by numpy.percentile, over the replicates in which the figure has a value. Holds 8
// bytes a figure and replicate. Throws Error(internal) for 2^32 records and more.
std::vector<Interval> bootstrap_intervals(std::span<const std::uint32_t> kinds,
                                          std::size_t kind_count, const WeightedFigures& figures,
                                          const Resampling& resampling);

}  // namespace convbert
