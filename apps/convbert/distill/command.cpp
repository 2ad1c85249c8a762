#include "distill/command.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/exit_status.h"
#include "cli/usage_error.h"
#include "distill/request.h"
#include "distill/taught_texts.h"
#include "distill/teacher.h"
#include "run/models.h"
#include "run/run_state.h"
#include "run/vector_file.h"
#include "train/learn.h"
#include "train/losses.h"

namespace convbert::app {
namespace {

std::shared_ptr<const NpyMatrix> open_dev_vectors(const std::string& path, const Teacher& teacher) {
  auto vectors = std::make_shared<NpyMatrix>(open_vectors("--dev-vectors", path));
  if (vectors->columns() != teacher.width()) {
    usage_error("--dev-vectors: expected vectors of ", teacher.width(),
                " numbers, as --teacher-vectors has, found ", vectors->columns(), " in ",
                printable(path));
  }
  return vectors;
}

LabelPlan plan_labels(const TaughtTexts& texts, const std::optional<std::string>& field,
                      const std::vector<std::string>& known) {
  LabelPlan plan{.task = LearningTask::distill};
  if (!field) return plan;
  std::set<std::string> found(texts.labels.begin(), texts.labels.end());
  found.erase("");
  plan.names = class_names(found, concat(texts.source, ", field ", quoted(*field)), known);
  return plan;
}

// One a text, where there is a field for them.
std::vector<std::int32_t> label_numbers(const TaughtTexts& texts, const LabelPlan& plan) {
  std::map<std::string, std::int32_t> numbers{{"", kIgnored}};
  for (std::size_t i = 0; i < plan.names.size(); ++i) {
    numbers.emplace(plan.names[i], static_cast<std::int32_t>(i));
  }
  std::vector<std::int32_t> labels;
  std::set<std::string> unknown;
  for (const std::string& label : texts.labels) {
    const auto found = numbers.find(label);
    if (found == numbers.end()) unknown.insert(label);
    labels.push_back(found == numbers.end() ? kIgnored : found->second);
  }
  if (!unknown.empty()) refuse_unknown_labels(texts.source, unknown);
  return labels;
}

std::string digest_of(const DistillRequest& request) {
  Digest digest;
  digest.add_file(request.vectors);
  if (request.train.has_dev()) digest.add_file(request.dev_vectors);
  return digest.text();
}

LearningData read_data(const ModelFiles& top, const DistillRequest& request, BadRecords& bad,
                       Console& console) {
  const TrainRequest& train = request.train;
  const LoadedModel loaded = load_model(top, train.record, {.for_vectors = true}, console);
  Teacher teacher(request.vectors, loaded.model.config.hidden_size);
  std::shared_ptr<const NpyMatrix> dev_vectors;
  if (train.has_dev()) dev_vectors = open_dev_vectors(request.dev_vectors, teacher);

  const std::string label_field = train.label_field.value_or("");
  TaughtTexts texts =
      read_taught(train.record.input, label_field, teacher.vectors(), loaded, bad, console);
  if (texts.caught != 0) return {.caught = texts.caught};
  tell_truncated(texts.source, texts.truncated, loaded, console);
  TaughtTexts dev;
  if (train.has_dev()) {
    dev = read_taught(train.dev, label_field, *dev_vectors, loaded, bad, console);
    if (dev.caught != 0) return {.caught = dev.caught};
    tell_truncated(dev.source, dev.truncated, loaded, console);
  }
  LearningData data{.plan = plan_labels(texts, train.label_field, loaded.model.config.labels)};
  std::vector<std::int32_t> labels = label_numbers(texts, data.plan);
  std::vector<std::int32_t> dev_labels = label_numbers(dev, data.plan);

  const int threads = train.record.model.threads;
  const bool is_turned = request.coordinates == Coordinates::student;
  if (teacher.is_wider() || is_turned) teacher.reduce(texts.rows, threads);
  data.teacher = TeacherRecord{
      .file = request.vectors,
      .dev_file = request.dev_vectors,
      .word_file = request.made_from ? request.made_from->word_vectors : "",
      .width = teacher.width(),
      .kept = teacher.kept(),
      .turned = is_turned ? std::optional(teacher.turn_to(loaded, texts, threads)) : std::nullopt,
      .relational = train.relational,
      .labelled = std::ranges::count_if(labels, [](auto label) { return label != kIgnored; }),
      .label_weight = train.label_weight};
  data.train = teacher.set_of(std::move(texts));
  data.train.examples.labels = std::move(labels);
  if (train.has_dev()) {
    data.dev = teacher.set_of(std::move(dev), dev_vectors);
    data.dev->examples.labels = std::move(dev_labels);
  }
  data.digest = digest_of(request);
  return data;
}

int run(const DistillFlags& flags, Console& console) {
  const DistillRequest request = make_request(flags);
  if (const auto status = status_if_finished(request.train, console)) return *status;
  OutputDirectory directory(request.train.directory);
  BadRecords bad(console, request.train.record.output.strict);
  std::optional<NewModelFiles> made;  // which `top` looks into
  if (request.made_from) {
    const NewModelSource& source = request.made_from->model;
    const NewModel described = read_new_model(source);
    // Refuses one that is wider than its teacher before its weights take memory.
    const Teacher teacher(request.vectors, described.config.hidden_size);
    warn_of_case(source, open_tokenizer(described), console);
    made.emplace(described,
                 new_student(*request.made_from, described, request.train.seed,
                             request.train.record.model.threads, console),
                 concat("new weights, ", source.config));
  }
  const ModelFiles top = made ? made->files() : find_model(request.train.record.model.model);
  const LearningData data = read_data(top, request, bad, console);
  if (data.caught != 0) return status_of_signal(data.caught);
  return learn(top, request.train, data, bad, directory, console);
}

}  // namespace

void add_distill_command(CLI::App& app, const Choose& choose) {
  add_command<DistillFlags>(
      app, choose,
      {"distill", "Sentence vectors learnt from those of a larger model", add_distill_flags, run});
}

}  // namespace convbert::app
