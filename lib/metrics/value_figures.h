// How close values come to those that are true.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace convbert {

struct ValueFigures {
  double pearson;              // scipy.stats.pearsonr; NaN where a side is constant
  double spearman;             // Pearson's of the ranks, equal values sharing the mean of theirs
                               // (scipy.stats.spearmanr)
  double mean_absolute_error;  // sklearn.metrics
  double root_mean_squared_error;
};

// Pairs of a true and a predicted value, all of them finite. 16 bytes a pair, 24 once figures are
// asked for.
class ValuePairs {
 public:
  void add(double truth, double predicted);
  std::size_t size() const { return truth_.values.size(); }

  // Puts the values in order, for figures(). Nothing is added afterwards.
  void sort();
  // Of all; of pairs of which pair i counts weights[i] times, all weights together not 0. NaN of
  // none.
  ValueFigures figures() const;
  ValueFigures figures(std::span<const std::uint32_t> weights) const;

 private:
  struct Side {
    std::vector<double> values;
    std::vector<std::uint32_t> order;  // their numbers, by rising value
  };
  static std::vector<double> ranks(const Side& side, std::span<const std::uint32_t> weights);

  Side truth_;
  Side predicted_;
};

}  // namespace convbert
