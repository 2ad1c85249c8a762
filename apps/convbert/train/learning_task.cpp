#include "train/learning_task.h"

#include <algorithm>
#include <array>

namespace convbert::app {
namespace {

// In the order of the enumeration.
constexpr std::array kTasks{
    LearningTaskInfo{LearningTask::classify, "classify", Objective::label,
                     HeadKind::sequence_classification, Task::classify, "accuracy"},
    LearningTaskInfo{LearningTask::multilabel, "multilabel", Objective::several,
                     HeadKind::sequence_classification, Task::multilabel, "micro_f1"},
    LearningTaskInfo{LearningTask::regress, "regress", Objective::value,
                     HeadKind::sequence_classification, Task::regress, "spearman"},
    LearningTaskInfo{LearningTask::tag, "tag", Objective::token_labels,
                     HeadKind::token_classification, Task::tag, "f1"},
    LearningTaskInfo{LearningTask::similarity, "similarity", Objective::similarity, std::nullopt,
                     Task::similarity, "spearman"},
    LearningTaskInfo{LearningTask::contrastive, "contrastive", Objective::negatives, std::nullopt,
                     std::nullopt, "loss"},
    LearningTaskInfo{LearningTask::distill, "distill", Objective::vectors, std::nullopt,
                     std::nullopt, "cosine"},
};

}  // namespace

const LearningTaskInfo& info_of(LearningTask task) {
  return kTasks[static_cast<std::size_t>(task)];
}

std::string shown_name(LearningTask task) {
  const std::string name(name_of(task));
  return task == LearningTask::distill ? name : "--task " + name;
}

std::optional<LearningTask> learning_task_from_name(std::string_view name) {
  const auto found = std::ranges::find(kTasks, name, &LearningTaskInfo::name);
  return found == kTasks.end() ? std::nullopt : std::optional(found->task);
}

std::vector<std::string> learning_task_names() {
  std::vector<std::string> names;
  for (const LearningTaskInfo& info : kTasks) {
    if (info.task != LearningTask::distill) names.emplace_back(info.name);
  }
  return names;
}

bool is_an_error(std::string_view metric) { return metric == "loss" || metric.ends_with("_error"); }

}  // namespace convbert::app
