#include "evaluate/task.h"

#include <algorithm>
#include <array>

namespace convbert::app {
namespace {

struct TaskInfo {
  Task task;
  std::string_view name;
  std::optional<HeadKind> head;
};

// In the order of the enumeration.
constexpr std::array kTasks{
    TaskInfo{Task::classify, "classify", HeadKind::sequence_classification},
    TaskInfo{Task::multilabel, "multilabel", HeadKind::sequence_classification},
    TaskInfo{Task::regress, "regress", HeadKind::sequence_classification},
    TaskInfo{Task::tag, "tag", HeadKind::token_classification},
    TaskInfo{Task::similarity, "similarity", std::nullopt},
};

}  // namespace

std::optional<Task> task_from_name(std::string_view name) {
  const auto found = std::ranges::find(kTasks, name, &TaskInfo::name);
  return found == kTasks.end() ? std::nullopt : std::optional(found->task);
}

std::string_view name_of(Task task) { return kTasks[static_cast<std::size_t>(task)].name; }

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const TaskInfo& info : kTasks) names.emplace_back(info.name);
  return names;
}

std::optional<HeadKind> head_of(Task task) { return kTasks[static_cast<std::size_t>(task)].head; }

}  // namespace convbert::app
