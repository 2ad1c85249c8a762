#include "metrics/label_figures.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace convbert {
namespace {

double quotient(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

LabelScores scores_of(const LabelCounts& counts) {
  return {quotient(counts.correct, counts.predicted), quotient(counts.correct, counts.support),
          quotient(2 * counts.correct, counts.predicted + counts.support)};
}

LabelScores scores_of(std::span<const LabelCounts> labels) {
  LabelCounts all;
  for (const LabelCounts& label : labels) {
    all.correct += label.correct;
    all.predicted += label.predicted;
    all.support += label.support;
  }
  return scores_of(all);
}

double macro_f1(std::span<const LabelCounts> labels, AveragedLabels averaged) {
  double sum = 0;
  std::int64_t count = 0;
  for (const LabelCounts& label : labels) {
    if (averaged == AveragedLabels::those_that_occur && !label.occurs()) continue;
    sum += scores_of(label).f1;
    ++count;
  }
  return count == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(count);
}

double weighted_f1(std::span<const LabelCounts> labels) {
  double sum = 0;
  std::int64_t support = 0;
  for (const LabelCounts& label : labels) {
    sum += scores_of(label).f1 * static_cast<double>(label.support);
    support += label.support;
  }
  return support == 0 ? 0.0 : sum / static_cast<double>(support);
}

double matthews(std::span<const LabelCounts> labels, std::int64_t records) {
  double correct = 0;
  double truth_by_predicted = 0;
  double predicted_by_predicted = 0;
  double truth_by_truth = 0;
  for (const LabelCounts& label : labels) {
    const auto predicted = static_cast<double>(label.predicted);
    const auto support = static_cast<double>(label.support);
    correct += static_cast<double>(label.correct);
    truth_by_predicted += support * predicted;
    predicted_by_predicted += predicted * predicted;
    truth_by_truth += support * support;
  }
  const auto count = static_cast<double>(records);
  const double covariance = correct * count - truth_by_predicted;
  const double of_predicted = count * count - predicted_by_predicted;
  const double of_truth = count * count - truth_by_truth;
  if (of_predicted == 0 || of_truth == 0) return 0.0;
  return covariance / std::sqrt(of_predicted) / std::sqrt(of_truth);
}

double LabelTally::accuracy() const { return quotient(right, units); }

void LabelledRecords::add(Outcome outcome) {
  const auto next = static_cast<std::uint32_t>(outcomes_.size());
  const auto [place, is_new] = numbers_.try_emplace(std::move(outcome), next);
  if (is_new) outcomes_.push_back(&place->first);
  kinds_.push_back(place->second);
}

LabelTally LabelledRecords::sum() const {
  std::vector<std::uint32_t> weights(kind_count(), 0);
  for (const std::uint32_t kind : kinds_) ++weights[kind];
  return sum(weights);
}

LabelTally LabelledRecords::sum(std::span<const std::uint32_t> weights) const {
  LabelTally tally{.labels = std::vector<LabelCounts>(labels_)};
  for (std::size_t k = 0; k < outcomes_.size(); ++k) {
    const std::int64_t weight = weights[k];
    if (weight == 0) continue;
    tally.right += weight * outcomes_[k]->right;
    tally.units += weight * outcomes_[k]->units;
    for (const OfLabel& of : outcomes_[k]->labels) {
      LabelCounts& label = tally.labels[static_cast<std::size_t>(of.label)];
      label.correct += weight * of.correct;
      label.predicted += weight * of.predicted;
      label.support += weight * of.support;
    }
  }
  return tally;
}

LabelledRecords::Outcome outcome_of(std::int32_t truth, std::int32_t predicted) {
  return outcome_of(std::span(&truth, 1), std::span(&predicted, 1));
}

LabelledRecords::Outcome outcome_of(std::span<const std::int32_t> truth,
                                    std::span<const std::int32_t> predicted) {
  LabelledRecords::Outcome outcome{.right = std::ranges::equal(truth, predicted) ? 1 : 0,
                                   .units = 1};
  auto t = truth.begin();
  auto p = predicted.begin();
  while (t != truth.end() || p != predicted.end()) {
    const bool is_true = t != truth.end() && (p == predicted.end() || *t <= *p);
    const bool is_predicted = p != predicted.end() && (t == truth.end() || *p <= *t);
    outcome.labels.push_back({.label = is_true ? *t : *p,
                              .correct = is_true && is_predicted ? 1 : 0,
                              .predicted = is_predicted ? 1 : 0,
                              .support = is_true ? 1 : 0});
    if (is_true) ++t;
    if (is_predicted) ++p;
  }
  return outcome;
}

}  // namespace convbert
