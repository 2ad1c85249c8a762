#include "train/command.h"

#include <utility>

#include "cli/exit_status.h"
#include "cli/usage_error.h"
#include "run/models.h"
#include "train/learn.h"

namespace convbert::app {
namespace {

LearningData read_data(const ModelFiles& top, const TrainRequest& request, BadRecords& bad,
                       Console& console) {
  const bool is_of_vectors = request.pooling || (request.task && !info_of(*request.task).head);
  const LoadedModel loaded =
      load_model(top, request.record, {.for_vectors = is_of_vectors}, console);
  const bool is_tag = request.task == LearningTask::tag;
  LabelledReading reading{.task = request.task,
                          .label_field = request.label_field.value_or(is_tag ? "tags" : "label")};
  LabelledTexts train = read_labelled(request.record.input, reading, loaded, bad, console);
  if (train.caught != 0) return {.caught = train.caught};
  const std::int64_t truncated = train.truncated;
  LearningData data{.plan = plan_labels(request, train, loaded.model.config.labels)};
  data.train = make_set(std::move(train), data.plan, bad);
  tell_truncated(data.train.source, truncated, loaded, console);
  if (!request.has_dev()) return data;
  reading.task = data.plan.task;
  reading.keeps_texts = !request.report.empty();
  LabelledTexts dev = read_labelled(request.dev, reading, loaded, bad, console);
  data.caught = dev.caught;
  if (dev.caught != 0) return data;
  tell_truncated(dev.source, dev.truncated, loaded, console);
  data.dev = make_set(std::move(dev), data.plan, bad);
  return data;
}

int run(const TrainFlags& flags, Console& console) {
  const TrainRequest request = make_request(flags);
  if (const auto status = status_if_finished(request, console)) return *status;
  OutputDirectory directory(request.directory);
  BadRecords bad(console, request.record.output.strict);
  const ModelFiles top = find_model(request.record.model.model);
  const LearningData data = read_data(top, request, bad, console);
  if (data.caught != 0) return status_of_signal(data.caught);
  return learn(top, request, data, bad, directory, console);
}

}  // namespace

void add_train_command(CLI::App& app, const Choose& choose) {
  add_command<TrainFlags>(app, choose,
                          {"train",
                           "A classifier, a tagger or better vectors of one's own, from "
                           "labelled records",
                           add_train_flags, run});
}

}  // namespace convbert::app
