// What labelled records and a model's answers to them add up to.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evaluate/report.h"
#include "evaluate/task.h"
#include "metrics/label_figures.h"
#include "metrics/tag_figures.h"
#include "metrics/value_figures.h"

namespace convbert::app {

// What one record says, and what the model says of it, as its task has it.
struct Answer {
  std::vector<std::int32_t> truth;      // numbers of labels; of tags, one a word
  std::vector<std::int32_t> predicted;  // the same; -1 for a word without a token
  double true_value = 0;
  double predicted_value = 0;
};

// Keeps no texts: of most records 4 bytes, of values 28.
class Evaluation {
 public:
  // labels: of the model's head, by number.
  Evaluation(Task task, std::vector<std::string> labels);

  void add(const Answer& answer);
  std::int64_t records() const;
  // Names of the report's measures, which follow from task and labels.
  std::vector<std::string> figure_names() const;
  // The report's measures without intervals.
  std::vector<std::pair<std::string, double>> figures();
  // Measures, rows and confusion, of the one record or more that were added.
  void fill(Report& report);

 private:
  void fill_labels(Report& report) const;
  void fill_values(Report& report);
  void fill_confusion(Report& report, const LabelTally& tally) const;
  // In the order of figure_names().
  std::vector<double> figures_of(const LabelTally& tally) const;
  std::vector<double> figures_of(const ValueFigures& figures) const;

  Task task_;
  std::vector<std::string> labels_;
  std::optional<TagCounter> tags_;
  LabelledRecords records_;
  std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> confusion_;  // {true, predicted}
  ValuePairs values_;
  std::int64_t words_without_token_ = 0;
};

}  // namespace convbert::app
