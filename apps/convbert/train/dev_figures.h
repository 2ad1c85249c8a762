// What a model in training is worth on records that it does not learn from.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "evaluate/report.h"
#include "train/fine_tuning.h"
#include "train/label_plan.h"

namespace convbert::app {

struct DevFigures {
  double loss = 0;
  std::vector<std::pair<std::string, double>> named;  // as evaluate has them, then "loss"

  // NaN where there is none of that name, as of a correlation with what is constant.
  double find(const std::string& name) const;
};
// Their names.
std::vector<std::string> metrics_of(const LabelPlan& plan);
DevFigures figures_of(const LabelledSet& set, const FineTuning::Predictions& predictions,
                      const LabelPlan& plan);

// The same with intervals, rows and confusions; nothing of a task that evaluate does not know.
// threads: for the intervals.
std::optional<Report> report_of(const LabelledSet& set, const FineTuning::Predictions& predictions,
                                const LabelPlan& plan, int threads);

// Records whose wrong label the model gave the most probability; of values, the largest errors.
struct Mistake {
  std::string text;
  std::string truth;
  std::string predicted;
  double confidence;  // in what was predicted; of values, the error
};
std::vector<Mistake> worst_mistakes(const LabelledSet& set,
                                    const FineTuning::Predictions& predictions,
                                    const LabelPlan& plan, std::size_t most);

}  // namespace convbert::app
