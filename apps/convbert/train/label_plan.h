// From what a field says of records to what a model learns of them.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "train/examples.h"
#include "train/labelled_texts.h"
#include "train/learning_task.h"
#include "train/request.h"

namespace convbert::app {

struct LabelPlan {
  LearningTask task = LearningTask::classify;
  std::vector<std::string> names{};  // of the head's outputs; none of values and vectors
  // What becomes 0 and 1. Of regress: the mean of the training records' values, and a deviation
  // above it, so that a learning rate serves values of any size.
  ValueRange range{0.0, 1.0};

  std::int64_t outputs() const {
    return task == LearningTask::regress ? 1 : static_cast<std::int64_t>(names.size());
  }
  // What is trained beside the encoder. Of distill: a head for the labels that some texts have.
  std::optional<HeadKind> head() const;
  bool gives_vectors() const { return !info_of(task).head; }
};

// Names of classes in alphabetical order, integers in theirs; in that of `known` where these are
// the same set. Throws Error(usage), which begins with `source`, for less than two.
std::vector<std::string> class_names(const std::set<std::string>& found, const std::string& source,
                                     const std::vector<std::string>& known);

// By the labels of the training records: names in alphabetical order, integers in theirs.
// known: the names of a head that the model has; where they are the same set, their order holds.
// Throws Error(usage) for a single class, and for values beyond --scale.
LabelPlan plan_labels(const TrainRequest& request, const LabelledTexts& texts,
                      const std::vector<std::string>& known);

// Examples, and what is true of each, for measuring.
struct LabelledSet {
  std::string source;
  Examples examples;
  std::vector<std::vector<std::int32_t>> truth;  // labels; of tags, one a word
  std::vector<double> values;
  std::vector<std::vector<std::int64_t>> first_tokens;  // of tags
  std::vector<std::string> texts;                       // where they were kept
};

// Labels as numbers. Records that have none are bad ones; throws Error(usage) where no record is
// left, and, naming them, for labels that the plan does not know.
LabelledSet make_set(LabelledTexts texts, const LabelPlan& plan, BadRecords& bad);

// Throws Error(usage) naming these labels of `source`, which the plan does not know.
[[noreturn]] void refuse_unknown_labels(const std::string& source,
                                        const std::set<std::string>& unknown);

}  // namespace convbert::app
