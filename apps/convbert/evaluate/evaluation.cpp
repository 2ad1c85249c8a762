#include "evaluate/evaluation.h"

#include <algorithm>
#include <numeric>

namespace convbert::app {
namespace {

constexpr std::size_t kMostConfused = 256;  // labels of a matrix

std::optional<TagCounter> counter_of(Task task, const std::vector<std::string>& labels) {
  return task == Task::tag ? std::optional<TagCounter>(labels) : std::nullopt;
}

bool is_of_values(Task task) { return task == Task::regress || task == Task::similarity; }

// Numbers of labels or types that occur.
std::vector<std::size_t> occurring(const LabelTally& tally) {
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < tally.labels.size(); ++i) {
    if (tally.labels[i].occurs()) numbers.push_back(i);
  }
  return numbers;
}

void append_scores(const LabelTally& tally, const std::vector<std::size_t>& numbers,
                   std::vector<double>& figures) {
  for (const std::size_t number : numbers) {
    const LabelScores scores = scores_of(tally.labels[number]);
    figures.insert(figures.end(), {scores.precision, scores.recall, scores.f1});
  }
}

}  // namespace

Evaluation::Evaluation(Task task, std::vector<std::string> labels)
    : task_(task),
      labels_(std::move(labels)),
      tags_(counter_of(task, labels_)),
      records_(tags_ ? tags_->types().size() : labels_.size()) {}

void Evaluation::add(const Answer& answer) {
  switch (task_) {
    case Task::classify:
      records_.add(outcome_of(answer.truth.front(), answer.predicted.front()));
      ++confusion_[{answer.truth.front(), answer.predicted.front()}];
      break;
    case Task::multilabel: records_.add(outcome_of(answer.truth, answer.predicted)); break;
    case Task::tag:
      records_.add(tags_->count(answer.truth, answer.predicted));
      words_without_token_ += std::ranges::count(answer.predicted, -1);
      break;
    case Task::regress:
    case Task::similarity: values_.add(answer.true_value, answer.predicted_value); break;
  }
}

std::int64_t Evaluation::records() const {
  return static_cast<std::int64_t>(is_of_values(task_) ? values_.size() : records_.size());
}

void Evaluation::fill(Report& report) {
  report.task = task_;
  report.records = records();
  is_of_values(task_) ? fill_values(report) : fill_labels(report);
}

std::vector<std::pair<std::string, double>> Evaluation::figures() {
  std::vector<double> values;
  if (is_of_values(task_)) {
    values_.sort();
    values = figures_of(values_.figures());
  } else {
    values = figures_of(records_.sum());
  }
  std::vector<std::pair<std::string, double>> named;
  for (const std::string& name : figure_names()) named.emplace_back(name, values[named.size()]);
  return named;
}

std::vector<std::string> Evaluation::figure_names() const {
  switch (task_) {
    case Task::classify: return {"accuracy", "macro_f1", "weighted_f1", "matthews"};
    case Task::multilabel: return {"subset_accuracy", "micro_f1", "macro_f1", "weighted_f1"};
    case Task::tag:
      if (!tags_->counts_entities()) return {"tag_accuracy", "macro_f1", "weighted_f1"};
      return {"precision", "recall", "f1", "macro_f1", "weighted_f1", "tag_accuracy"};
    case Task::regress:
      return {"pearson", "spearman", "mean_absolute_error", "root_mean_squared_error"};
    case Task::similarity: return {"pearson", "spearman"};
  }
  return {};
}

std::vector<double> Evaluation::figures_of(const LabelTally& tally) const {
  const AveragedLabels averaged =
      task_ == Task::multilabel ? AveragedLabels::all : AveragedLabels::those_that_occur;
  const LabelScores micro = scores_of(tally.labels);
  const double macro = macro_f1(tally.labels, averaged);
  const double weighted = weighted_f1(tally.labels);
  if (task_ == Task::classify) {
    return {tally.accuracy(), macro, weighted, matthews(tally.labels, tally.units)};
  }
  if (task_ == Task::multilabel) return {tally.accuracy(), micro.f1, macro, weighted};
  if (!tags_->counts_entities()) return {tally.accuracy(), macro, weighted};
  return {micro.precision, micro.recall, micro.f1, macro, weighted, tally.accuracy()};
}

std::vector<double> Evaluation::figures_of(const ValueFigures& figures) const {
  std::vector<double> list{figures.pearson, figures.spearman, figures.mean_absolute_error,
                           figures.root_mean_squared_error};
  list.resize(figure_names().size());
  return list;
}

void Evaluation::fill_labels(Report& report) const {
  const LabelTally tally = records_.sum();
  const std::vector<std::size_t> shown = occurring(tally);
  const auto all_figures = [&](const LabelTally& of) {
    std::vector<double> all = figures_of(of);
    append_scores(of, shown, all);
    return all;
  };
  const std::vector<double> values = all_figures(tally);
  const std::vector<Interval> intervals = bootstrap_intervals(
      records_.kinds(), records_.kind_count(),
      [&](std::span<const std::uint32_t> weights) { return all_figures(records_.sum(weights)); },
      report.resampling);

  std::size_t next = 0;
  const auto take = [&] {
    const std::size_t at = next++;
    return Measure{values[at], intervals[at]};
  };
  for (const std::string& name : figure_names()) report.measures.push_back({name, take()});
  report.rows_are = !tags_ ? "label" : tags_->counts_entities() ? "entity" : "tag";
  for (const std::size_t number : shown) {
    LabelRow row{.label = tags_ ? tags_->types()[number] : labels_[number],
                 .precision = take(),
                 .recall = take(),
                 .f1 = take(),
                 .support = tally.labels[number].support};
    report.rows.push_back(std::move(row));
  }
  if (task_ == Task::classify) fill_confusion(report, tally);
  if (task_ == Task::tag) {
    report.words = tally.units;
    report.words_without_token = words_without_token_;
  }
}

void Evaluation::fill_confusion(Report& report, const LabelTally& tally) const {
  const std::vector<std::size_t> shown = occurring(tally);
  if (shown.size() > kMostConfused) return;
  std::vector<std::size_t> place(labels_.size());
  for (std::size_t i = 0; i < shown.size(); ++i) {
    place[shown[i]] = i;
    report.confusion.labels.push_back(labels_[shown[i]]);
  }
  report.confusion.counts.assign(shown.size(), std::vector<std::int64_t>(shown.size(), 0));
  for (const auto& [pair, count] : confusion_) {
    report.confusion.counts[place[static_cast<std::size_t>(pair.first)]]
                           [place[static_cast<std::size_t>(pair.second)]] = count;
  }
}

void Evaluation::fill_values(Report& report) {
  values_.sort();
  const std::vector<std::string> listed = figure_names();
  std::vector<std::uint32_t> kinds(values_.size());
  std::iota(kinds.begin(), kinds.end(), 0U);
  const std::vector<double> values = figures_of(values_.figures());
  const std::vector<Interval> intervals = bootstrap_intervals(
      kinds, kinds.size(),
      [&](std::span<const std::uint32_t> weights) { return figures_of(values_.figures(weights)); },
      report.resampling);
  for (std::size_t i = 0; i < listed.size(); ++i) {
    report.measures.push_back({listed[i], {values[i], intervals[i]}});
  }
}

}  // namespace convbert::app
