// What is learnt, and how success is measured.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evaluate/task.h"
#include "model/head_form.h"
#include "train/examples.h"

namespace convbert::app {

enum class LearningTask { classify, multilabel, regress, tag, similarity, contrastive, distill };

struct LearningTaskInfo {
  LearningTask task;
  std::string_view name;
  Objective objective;
  std::optional<HeadKind> head;      // that is trained; none: vectors
  std::optional<Task> evaluated_as;  // none: by the loss alone
  std::string_view metric;           // that decides between epochs, where the labels have it
};
const LearningTaskInfo& info_of(LearningTask task);
// Does it train a head that says one thing of a text?
inline bool reads_sequences(LearningTask task) {
  return info_of(task).head == HeadKind::sequence_classification;
}
inline std::string_view name_of(LearningTask task) { return info_of(task).name; }
std::string shown_name(LearningTask task);  // "--task tag"; "distill", a command of its own
std::optional<LearningTask> learning_task_from_name(std::string_view name);  // none for "auto"
std::vector<std::string> learning_task_names();                              // of --task

// Is less of it better?
bool is_an_error(std::string_view metric);

}  // namespace convbert::app
