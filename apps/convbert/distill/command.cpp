#include "distill/command.h"

#include <memory>
#include <utility>

#include "cli/exit_status.h"
#include "cli/usage_error.h"
#include "distill/request.h"
#include "distill/taught_texts.h"
#include "distill/teacher.h"
#include "run/run_state.h"
#include "train/learn.h"

namespace convbert::app {
namespace {

std::shared_ptr<const NpyMatrix> open_dev_vectors(const std::string& path, const Teacher& teacher) {
  auto vectors = std::make_shared<NpyMatrix>(path);
  if (vectors->columns() != teacher.width()) {
    usage_error("--dev-vectors: expected vectors of ", teacher.width(),
                " numbers, as --teacher-vectors has, found ", vectors->columns(), " in ",
                printable(path));
  }
  return vectors;
}

LearningData read_data(const DistillRequest& request, BadRecords& bad, Console& console) {
  const TrainRequest& train = request.train;
  const LoadedModel loaded = load_model(train.record, {.for_vectors = true}, console);
  Teacher teacher(request.vectors, loaded.model.config.hidden_size);
  std::shared_ptr<const NpyMatrix> dev_vectors;
  if (train.has_dev()) dev_vectors = open_dev_vectors(request.dev_vectors, teacher);

  TaughtTexts texts = read_taught(train.record.input, teacher.vectors(), loaded, bad, console);
  if (texts.caught != 0) return {.caught = texts.caught};
  tell_truncated(texts.source, texts.truncated, loaded, console);
  TaughtTexts dev;
  if (train.has_dev()) {
    dev = read_taught(train.dev, *dev_vectors, loaded, bad, console);
    if (dev.caught != 0) return {.caught = dev.caught};
  }
  const int threads = train.record.model.threads;
  const bool is_turned = request.coordinates == Coordinates::student;
  if (teacher.is_wider() || is_turned) teacher.reduce(texts.rows, threads);
  LearningData data{.plan = {.task = LearningTask::distill}};
  data.teacher = TeacherRecord{.file = request.vectors,
                               .dev_file = request.dev_vectors,
                               .width = teacher.width(),
                               .kept = teacher.kept(),
                               .turned = {},
                               .relational = train.relational};
  if (is_turned) data.teacher->turned = teacher.turn_to(loaded, texts, threads);
  data.train = teacher.set_of(std::move(texts));
  if (train.has_dev()) data.dev = teacher.set_of(std::move(dev), dev_vectors);
  Digest digest;
  digest.add_file(request.vectors);
  if (train.has_dev()) digest.add_file(request.dev_vectors);
  data.digest = digest.text();
  return data;
}

int run(const DistillFlags& flags, Console& console) {
  const DistillRequest request = make_request(flags);
  if (is_finished(request.train, console)) return 0;
  OutputDirectory directory(request.train.directory);
  BadRecords bad(console, request.train.record.output.strict);
  const LearningData data = read_data(request, bad, console);
  if (data.caught != 0) return status_of_signal(data.caught);
  return learn(request.train, data, bad, directory, console);
}

}  // namespace

void add_distill_command(CLI::App& app, const Choose& choose) {
  add_command<DistillFlags>(
      app, choose,
      {"distill", "Sentence vectors learnt from those of a larger model", add_distill_flags, run});
}

}  // namespace convbert::app
