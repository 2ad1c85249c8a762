// What is evaluated: which labels records have, and which part of the model answers.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/record.h"
#include "model/head_form.h"

namespace convbert::app {

enum class Task { classify, multilabel, regress, tag, similarity };
std::optional<Task> task_from_name(std::string_view name);  // nothing for "auto"
std::string_view name_of(Task task);
std::vector<std::string> task_names();

// The head that a task needs; none for similarity.
std::optional<HeadKind> head_of(Task task);

}  // namespace convbert::app
