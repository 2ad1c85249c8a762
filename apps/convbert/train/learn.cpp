#include "train/learn.h"

#include <cmath>
#include <memory>
#include <utility>

#include "cli/exit_status.h"
#include "cli/table.h"
#include "cli/usage_error.h"
#include "cli/version.h"
#include "cli/whole_output.h"
#include "io/output_file.h"
#include "model/load.h"
#include "run/run_state.h"
#include "train/model_directory.h"
#include "train/run_files.h"
#include "train/run_training.h"
#include "train/step_status.h"
#include "train/training_report.h"

namespace convbert::app {
namespace {

constexpr std::size_t kMostMistakes = 50;  // of a report

// Values are learnt in deviations from their mean.
Parameters in_units_of_labels(Parameters parameters, const LabelPlan& labels) {
  const auto [low, high] = labels.range;
  if (labels.task == LearningTask::regress) scale_outputs(*parameters.head, high - low, low);
  return parameters;
}

void add(const LabelledSet& set, Digest& digest) {
  const Examples& examples = set.examples;
  digest.add_numbers(examples.sequences.ids);
  digest.add_numbers(examples.sequences.type_ids);
  digest.add_numbers(examples.sequences.starts);
  digest.add_numbers(examples.labels);
  digest.add_numbers(examples.targets);
  digest.add_numbers(set.values);
  for (const auto& truth : set.truth) digest.add_numbers(truth);
}

// Of all that the parameters of any step depend on.
std::string digest_of(const TrainRequest& request, const TrainingPlan& plan,
                      const LearningData& data, const ModelSource& source,
                      const Parameters& parameters) {
  Digest digest;
  digest.add_text(kVersion);
  for (const std::string& option : request.record.output.options) digest.add_text(option);
  digest.add_text(nn::name_of(request.record.model.precision));
  digest.add_text(concat(plan.tuning.epochs, " ", plan.tuning.learning_rate));  // or the rules'
  for (const std::string& name : data.plan.names) digest.add_text(name);
  add(data.train, digest);
  if (data.dev) add(*data.dev, digest);
  if (!data.digest.empty()) digest.add_text(data.digest);
  for_each_tensor([&](const Values& values) { digest.add_numbers(values.floats); }, parameters);
  digest.add_text(source.files.open("config.json").text());
  digest.add_text(name_of(source.sentence.pooling));
  return digest.text();
}

void tell_teacher(const TeacherRecord& teacher, std::int64_t student, Console& console) {
  if (teacher.kept) {
    console.note(concat("the teacher's vectors of ", teacher.width,
                        " numbers are reduced to the student's ", student, ", which keep ",
                        fixed(100.0 * *teacher.kept, 2), " % of their squares"));
  }
  if (teacher.turned) {
    console.note(concat("turned to the student's, their mean cosine with these is ",
                        fixed(*teacher.turned, 4), " before it learns"));
  }
}

void tell_plan(const TrainingPlan& plan, const LearningData& data, const FineTuning& tuning,
               Console& console) {
  std::string what = shown_name(data.plan.task);
  if (!data.plan.names.empty()) what += concat(", ", data.plan.names.size(), " labels");
  console.note(concat(what, plan.head.is_new ? " (a new head)" : "", "; ",
                      grouped(data.train.examples.size()), " records, ", plan.tuning.epochs,
                      " epochs of ", grouped(tuning.steps_of_epoch()), " steps, learning rate ",
                      plan.tuning.learning_rate));
}

// The same model with its head taught once more, from the encoder as it is by now; null where
// that is not asked for, or its loss is no number at last. Not saved on the way: it follows from
// what it begins with, and takes no longer than a few steps of the encoder.
std::unique_ptr<FineTuning> teach_head(const FineTuning& before, const TrainingPlan& plan,
                                       const ModelConfig& config, const Examples& examples,
                                       Console& console) {
  if (!plan.head_afterwards) return nullptr;
  TrainedModelOptions model = plan.model;
  model.gives_vectors = false;
  model.dropout = {};
  model.freeze = {.embeddings = true, .layers = config.layers};
  const FineTuningOptions& options = *plan.head_afterwards;
  auto tuning = std::make_unique<FineTuning>(config, model, before.parameters(), examples, options);
  double loss = 0;
  while (!tuning->is_done()) {
    if (tuning->is_at_end_of_epoch()) loss = 0;
    const StepFigures figures = tuning->step();
    if (!std::isfinite(figures.loss) || !std::isfinite(figures.gradient_norm)) {
      console.warning(concat("the loss of the head alone is no longer a number at step ",
                             grouped(tuning->steps() + 1), "; kept is the head of before; ",
                             "--head-rate lower than ", options.learning_rate, " may help"));
      return nullptr;
    }
    loss += figures.loss;
  }
  console.note(concat("the head alone, ", options.epochs, " epochs: loss ",
                      fixed(loss / static_cast<double>(tuning->steps_of_epoch()), 4)));
  return tuning;
}

}  // namespace

std::optional<int> status_if_finished(const TrainRequest& request, Console& console) {
  if (!request.resume) return std::nullopt;
  const auto status = status_of_finished(request.directory, request.record.output.options, console);
  if (status) clear_up(left_log(request.log), state_path_of(request.directory));
  return status;
}

int learn(const ModelFiles& top, const TrainRequest& request, const LearningData& data,
          const BadRecords& bad, OutputDirectory& directory, Console& console) {
  const std::string state_path = state_path_of(request.directory);
  if (!request.resume) set_aside(state_path, console);
  const ModelSource source = model_source(top);
  const ModelConfig config = read_config(source.files);
  TrainingPlan plan = plan_training(request, data.plan, source, config, data.train.examples);
  Parameters parameters = open_parameters(source, config, data.plan, plan.head, request.seed);
  const std::string digest = digest_of(request, plan, data, source, parameters);
  FineTuning tuning(config, plan.model, std::move(parameters), data.train.examples, plan.tuning);
  if (data.teacher) tell_teacher(*data.teacher, config.hidden_size, console);
  tell_plan(plan, data, tuning, console);

  const LabelledSet* dev = data.dev ? &*data.dev : nullptr;
  // Before all the work, so that a name that cannot be written is found out.
  std::optional<OutputFile> report_file;
  if (!request.report.empty()) report_file.emplace(OutputFile::create(request.report));
  TrainingOutcome outcome =
      run_training({request, plan, data.plan, dev, digest, state_path}, tuning, console);
  if (outcome.caught != 0) return status_of_signal(outcome.caught);

  const auto taught = teach_head(tuning, plan, config, data.train.examples, console);
  if (!taught) plan.head_afterwards.reset();  // what the record tells of
  FineTuning& last = taught ? *taught : tuning;
  std::optional<Report> report;
  std::vector<Mistake> mistakes;
  if (dev != nullptr) {
    const FineTuning::Predictions predictions = last.predict(dev->examples);
    report = report_of(*dev, predictions, data.plan, plan.tuning.threads);
    mistakes = worst_mistakes(*dev, predictions, data.plan, kMostMistakes);
  }
  const TrainingRecord record{request,     plan,   data.plan,   top.origin(),
                              data.train,  dev,    bad.count(), tuning.steps_of_epoch(),
                              outcome.run, report, data.teacher};
  if (report_file) write_whole(std::move(*report_file), training_report(record, mistakes));
  write_model({source, top, config, data.plan, in_units_of_labels(last.parameters(), data.plan),
               plan.head.pooling, request.freeze.encoder, request.record.truncation.max_length},
              directory);
  directory.add("training.json", training_json(record));
  directory.add("README.md", model_card(record));
  directory.finish();
  clear_up(std::move(outcome.log), state_path);
  return exit_status_of(bad.count(), record.run.diverged_at);
}

}  // namespace convbert::app
