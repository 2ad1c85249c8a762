#include "train/dev_figures.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "api/classification.h"
#include "evaluate/evaluation.h"
#include "evaluate/predictions.h"
#include "metrics/value_figures.h"
#include "train/losses.h"

namespace convbert::app {
namespace {

constexpr float kThreshold = 0.5f;  // of several labels

// Calls visit(example, answer) for all of them, in order.
template <class Visit>
void for_each_answer(const LabelledSet& set, const FineTuning::Predictions& predictions,
                     const LabelPlan& plan, Visit visit) {
  const ConstMatrixView rows = plan.gives_vectors() ? predictions.vectors() : predictions.of_head();
  const auto in_units_of_labels = [&](double value) {
    return plan.range.low + (plan.range.high - plan.range.low) * value;
  };
  std::int64_t row = 0;
  for (std::size_t i = 0; i < set.truth.size(); ++i) {
    Answer answer{.truth = set.truth[i], .predicted = {}, .true_value = set.values[i]};
    switch (plan.task) {
      case LearningTask::classify: answer.predicted = {best_label(rows.row_span(row++))}; break;
      case LearningTask::multilabel:
        answer.predicted = labels_reached(rows.row_span(row++), kThreshold);
        break;
      case LearningTask::regress:
        answer.predicted_value = in_units_of_labels(rows.row_span(row++).front());
        break;
      case LearningTask::tag:
        // Tokens with a label are rows, in the order of the words.
        for (const std::int64_t token : set.first_tokens[i]) {
          answer.predicted.push_back(token < 0 ? -1 : best_label(rows.row_span(row++)));
        }
        break;
      case LearningTask::similarity:
        answer.predicted_value =
            in_units_of_labels(cosine(rows.row_span(row), rows.row_span(row + 1)));
        row += 2;
        break;
      case LearningTask::contrastive:
      case LearningTask::distill: break;
    }
    visit(i, answer);
  }
}

Evaluation evaluation_of(const LabelledSet& set, const FineTuning::Predictions& predictions,
                         const LabelPlan& plan) {
  Evaluation evaluation(*info_of(plan.task).evaluated_as, plan.names);
  for_each_answer(set, predictions, plan,
                  [&](std::size_t, const Answer& answer) { evaluation.add(answer); });
  return evaluation;
}

// The mean cosine to the teacher's vectors, and Pearson's correlation of the cosines between texts
// with the teacher's: of each text with the others of its block, so that time and memory grow with
// the records and not with their square.
std::vector<std::pair<std::string, double>> beside_teacher(
    const LabelledSet& set, const FineTuning::Predictions& predictions) {
  constexpr std::int64_t kBlock = 64;
  const ConstMatrixView all = predictions.vectors();
  const std::int64_t width = set.examples.target_width;
  std::vector<float> floats(static_cast<std::size_t>(kBlock * width));
  const MatrixView targets{floats.data(), kBlock, width, width};
  double sum = 0.0;
  ValuePairs between;
  for (std::int64_t first = 0; first < all.rows; first += kBlock) {
    const std::int64_t count = std::min(kBlock, all.rows - first);
    const ConstMatrixView rows = all.row_range(first, count);
    for (std::int64_t i = 0; i < count; ++i) {
      set.examples.read_targets(static_cast<std::uint32_t>(first + i), targets.row_span(i));
    }
    const TeacherVectors teacher(targets.first_rows(count), rows.columns);
    for (std::int64_t i = 0; i < count; ++i) {
      sum += cosine(rows.row_span(i), teacher.fitted.row_span(i));
      for (std::int64_t j = 0; j < i; ++j) {
        between.add(cosine(teacher.compared.row_span(i), teacher.compared.row_span(j)),
                    cosine(rows.row_span(i), rows.row_span(j)));
      }
    }
  }
  between.sort();
  return {{"cosine", sum / static_cast<double>(all.rows)},
          {"correlation", between.figures().pearson}};
}

// Of the texts that have a label; NaN where none has.
double accuracy_of_labels(const LabelledSet& set, const FineTuning::Predictions& predictions) {
  const Examples& examples = set.examples;
  const ConstMatrixView logits = predictions.of_head();
  std::int64_t labelled = 0;
  std::int64_t right = 0;
  for (std::size_t i = 0; i < examples.labels.size(); ++i) {
    if (examples.labels[i] == kIgnored) continue;
    ++labelled;
    right +=
        best_label(logits.row_span(static_cast<std::int64_t>(i))) == examples.labels[i] ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(labelled);
}

}  // namespace

double DevFigures::find(const std::string& name) const {
  const auto found = std::ranges::find(named, name, &std::pair<std::string, double>::first);
  return found == named.end() ? std::numeric_limits<double>::quiet_NaN() : found->second;
}

std::vector<std::string> metrics_of(const LabelPlan& plan) {
  std::vector<std::string> names;
  if (const auto task = info_of(plan.task).evaluated_as) {
    names = Evaluation(*task, plan.names).figure_names();
  }
  if (plan.task == LearningTask::distill) {
    names = {"cosine", "correlation"};
    if (plan.head()) names.emplace_back("accuracy");
  }
  names.emplace_back("loss");
  return names;
}

DevFigures figures_of(const LabelledSet& set, const FineTuning::Predictions& predictions,
                      const LabelPlan& plan) {
  DevFigures figures{.loss = predictions.loss, .named = {}};
  if (info_of(plan.task).evaluated_as) {
    figures.named = evaluation_of(set, predictions, plan).figures();
  }
  if (plan.task == LearningTask::distill) {
    figures.named = beside_teacher(set, predictions);
    if (plan.head()) figures.named.emplace_back("accuracy", accuracy_of_labels(set, predictions));
  }
  figures.named.emplace_back("loss", predictions.loss);
  return figures;
}

std::optional<Report> report_of(const LabelledSet& set, const FineTuning::Predictions& predictions,
                                const LabelPlan& plan, int threads) {
  if (!info_of(plan.task).evaluated_as) return std::nullopt;
  Report report;
  report.resampling.threads = threads;
  evaluation_of(set, predictions, plan).fill(report);
  return report;
}

std::vector<Mistake> worst_mistakes(const LabelledSet& set,
                                    const FineTuning::Predictions& predictions,
                                    const LabelPlan& plan, std::size_t most) {
  std::vector<Mistake> mistakes;
  const bool is_of_values =
      plan.task == LearningTask::regress || plan.task == LearningTask::similarity;
  if (plan.task != LearningTask::classify && !is_of_values) return mistakes;
  for_each_answer(set, predictions, plan, [&](std::size_t i, const Answer& answer) {
    if (is_of_values) {
      const double error = std::abs(answer.predicted_value - answer.true_value);
      mistakes.push_back({set.texts[i], concat(answer.true_value),
                          concat(static_cast<float>(answer.predicted_value)), error});
      return;
    }
    const std::int32_t truth = answer.truth.front();
    const std::int32_t predicted = answer.predicted.front();
    if (truth == predicted) return;
    const Classification all = classification_of(
        predictions.of_head().row_span(static_cast<std::int64_t>(i)), ProblemType::single_label);
    const auto label = static_cast<std::size_t>(predicted);
    mistakes.push_back({set.texts[i], plan.names[static_cast<std::size_t>(truth)],
                        plan.names[label], all.scores[label]});
  });
  std::ranges::stable_sort(mistakes, std::greater<>(), &Mistake::confidence);
  if (mistakes.size() > most) mistakes.resize(most);
  return mistakes;
}

}  // namespace convbert::app
