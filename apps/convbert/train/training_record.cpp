#include "train/training_record.h"

#include <cmath>
#include "cli/console.h"
#include "cli/format.h"
#include "cli/table.h"
#include "cli/version.h"
#include "core/json.h"
#include "train/run_files.h"

namespace convbert::app {
namespace {

constexpr std::size_t kMostShown = 20;  // labels of a card

std::string frozen(const TrainRequest& request) {
  if (request.freeze.encoder) return "encoder";
  if (request.freeze.layers > 0) return std::to_string(request.freeze.layers);
  return request.freeze.embeddings ? "embeddings" : "nothing";
}

OrderedJson pooling_of_head(const TrainingPlan& plan) {
  const auto pooling = plan.head.pooling;
  return pooling ? OrderedJson(name_of(*pooling)) : OrderedJson();
}

OrderedJson head_afterwards(const TrainingPlan& plan) {
  if (!plan.head_afterwards) return nullptr;
  return {{"epochs", plan.head_afterwards->epochs},
          {"learning_rate", plan.head_afterwards->learning_rate}};
}

OrderedJson settings_of(const TrainingRecord& record) {
  const FineTuningOptions& tuning = record.plan.tuning;
  const DropoutRates& dropout = record.plan.model.dropout;
  return {{"epochs", tuning.epochs},
          {"max_steps", tuning.most_steps},
          {"batch_size", tuning.batch_size},
          {"learning_rate", tuning.learning_rate},
          {"head_rate", tuning.learning_rate * tuning.optimizer.head_factor},
          {"warmup", tuning.warmup},
          {"schedule", name_of(tuning.schedule)},
          {"weight_decay", tuning.optimizer.weight_decay},
          {"layer_decay", tuning.optimizer.layer_decay},
          {"clip", tuning.clip},
          {"dropout",
           {{"hidden", dropout.hidden}, {"attention", dropout.attention}, {"head", dropout.head}}},
          {"label_smoothing", tuning.loss.label_smoothing},
          {"contrast", tuning.loss.contrast},
          {"pooling", pooling_of_head(record.plan)},
          {"head_afterwards", head_afterwards(record.plan)},
          {"class_weights", record.request.has_balanced_classes ? "balanced" : "none"},
          {"freeze", frozen(record.request)},
          {"patience", record.request.patience},
          {"precision", nn::name_of(record.plan.model.precision)},
          {"seed", tuning.seed}};
}

OrderedJson history_of(const TrainingRun& run) {
  OrderedJson epochs = OrderedJson::array();
  for (const EpochFigures& epoch : run.epochs) {
    OrderedJson line{{"step", epoch.step}, {"loss", epoch.loss}};
    for (const auto& [name, value] : epoch.dev) line["dev"][name] = value;
    epochs.push_back(std::move(line));
  }
  return epochs;
}

OrderedJson teacher_of(const TrainingRecord& record) {
  const TeacherRecord& teacher = *record.teacher;
  OrderedJson json{{"vectors", teacher.file}, {"width", teacher.width}};
  if (!teacher.dev_file.empty()) json["dev_vectors"] = teacher.dev_file;
  if (!teacher.word_file.empty()) json["word_vectors"] = teacher.word_file;
  if (teacher.kept) json["variance_kept"] = *teacher.kept;
  if (teacher.turned) json["cosine_before"] = *teacher.turned;
  json["relational"] = teacher.relational;
  if (teacher.labelled > 0) {
    json["labelled_records"] = teacher.labelled;
    json["label_weight"] = teacher.label_weight;
  }
  return json;
}

std::string shown(double value) { return std::isnan(value) ? "-" : fixed(value, 4); }

// A cell of a Markdown table.
std::string cell(std::string text) {
  text = printable(text, 80);
  std::string escaped;
  for (const char c : text) {
    if (c == '|' || c == '\\' || c == '<') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string figures_of(const Report& report, const std::string& source) {
  std::string text = concat("On ", grouped(report.records), " records of ", cell(source),
                            ", which it did not learn from, with 95 % intervals of the "
                            "bootstrap:\n\n| | value | from | to |\n|---|---|---|---|\n");
  for (const auto& [name, measure] : report.measures) {
    text += concat("| ", name, " | ", shown(measure.value), " | ", shown(measure.interval.low),
                   " | ", shown(measure.interval.high), " |\n");
  }
  if (report.rows.empty() || report.rows.size() > kMostShown) return text;
  text += concat("\n| ", report.rows_are,
                 " | precision | recall | F1 | records |\n|---|---|---|---|---|\n");
  for (const LabelRow& row : report.rows) {
    text += concat("| ", cell(row.label), " | ", shown(row.precision.value), " | ",
                   shown(row.recall.value), " | ", shown(row.f1.value), " | ", grouped(row.support),
                   " |\n");
  }
  return text;
}

// What a teacher is to a card.
std::string account_of(const TrainingRecord& record) {
  const TeacherRecord& teacher = *record.teacher;
  std::string text = concat("\nIts sentence vectors are fitted to those of a teacher in `",
                            cell(teacher.file), "`, ", teacher.width, " numbers wide");
  if (teacher.kept) {
    text += concat(", projected onto their principal components, which keep ",
                   fixed(100.0 * *teacher.kept, 2), " % of their squares");
  }
  if (teacher.turned) {
    text += concat(", turned to those that it gave before (mean cosine ", fixed(*teacher.turned, 4),
                   ")");
  }
  if (!teacher.word_file.empty()) {
    text += concat("; its word embeddings began as the principal components of the teacher's, `",
                   cell(teacher.word_file), "`");
  }
  text += concat("; cosines between texts count ", teacher.relational);
  if (teacher.labelled > 0) {
    text += concat(", the labels of ", grouped(teacher.labelled), " texts ", teacher.label_weight);
  }
  return text + ".\n";
}

// Of the best epoch, where evaluate knows no such task.
std::string figures_on_dev(const TrainingRecord& record) {
  std::string text =
      concat("On ", grouped(record.dev->examples.size()), " records of ", cell(record.dev->source),
             ", which it did not learn from",
             record.teacher
                 ? concat(": the mean cosine to the teacher's vectors, Pearson's correlation of "
                          "cosines between texts with the teacher's, ",
                          record.teacher->labelled > 0
                              ? "of those with a label the share that is told rightly, "
                              : "",
                          "and the loss")
                 : "",
             ".\n\n| | value |\n|---|---|\n");
  for (const auto& [name, value] : record.run.epochs[*record.run.best].dev) {
    text += concat("| ", name, " | ", shown(value), " |\n");
  }
  return text;
}

std::string use_of(const LabelPlan& plan) {
  switch (plan.task) {
    case LearningTask::tag: return "convbert tag -m DIR texts.jsonl";
    case LearningTask::similarity:
    case LearningTask::contrastive: return "convbert embed -m DIR texts.jsonl";
    case LearningTask::distill:
      return concat("convbert embed -m DIR texts.jsonl",
                    plan.head() ? "\nconvbert classify -m DIR texts.jsonl" : "");
    default: return "convbert classify -m DIR texts.jsonl";
  }
}

}  // namespace

std::string training_json(const TrainingRecord& record) {
  OrderedJson json{{"convbert", kVersion},
                   {"command", command_json(record.request.record.output.options)},
                   {"base", record.base},
                   {"task", name_of(record.labels.task)},
                   {"labels", record.labels.names},
                   {"train",
                    {{"files", record.request.record.input.source.paths},
                     {"records", record.train.examples.size()},
                     {"tokens", record.train.examples.sequences.tokens()}}}};
  if (record.dev != nullptr) {
    json["dev"] = {{"files", record.request.dev.source.paths},
                   {"records", record.dev->examples.size()}};
  }
  if (record.teacher) json["teacher"] = teacher_of(record);
  json[kBadRecords] = record.bad_records;
  if (record.run.diverged_at) json[kDivergedAt] = *record.run.diverged_at;
  json["settings"] = settings_of(record);
  json["steps"] = record.run.steps;
  json["epochs"] = history_of(record.run);
  if (record.run.best) {
    json["metric"] = record.plan.metric;
    json["kept_epoch"] = *record.run.best + 1;
  }
  // Of the model as it was written: more than its best epoch where the head learnt afterwards.
  if (record.report) json["figures"] = figures_json(*record.report);
  return file_text(json);
}

std::string model_card(const TrainingRecord& record) {
  const FineTuningOptions& tuning = record.plan.tuning;
  const std::optional<std::int64_t> length = record.request.record.truncation.max_length;
  std::string text = concat("# ", cell(record.request.directory), "\n\n");
  text += concat("Trained by convbert ", kVersion, " from `", cell(record.base), "` on ",
                 grouped(record.train.examples.size()), " records (",
                 grouped(record.train.examples.sequences.tokens()), " tokens) of ",
                 cell(record.train.source), " for `", name_of(record.labels.task), "`.\n");
  if (!record.labels.names.empty()) {
    text += concat("\nLabels: ");
    for (std::size_t i = 0; i < std::min(record.labels.names.size(), kMostShown); ++i) {
      text += concat(i > 0 ? ", " : "", cell(record.labels.names[i]));
    }
    if (record.labels.names.size() > kMostShown) {
      text += concat(" and ", record.labels.names.size() - kMostShown, " more");
    }
    text += ".\n";
  }
  if (record.teacher) text += account_of(record);
  text += "\n## Figures\n\n";
  if (record.report) {
    text += figures_of(*record.report, record.dev->source);
  } else if (record.run.best) {
    text += figures_on_dev(record);
  } else {
    text += concat("Nothing was measured on other records; the mean loss of the last epoch was ",
                   shown(record.run.epochs.back().loss), ".\n");
  }
  text += concat("\n## Settings\n\n", grouped(record.run.steps), " steps of ", tuning.batch_size,
                 " records, ", record.steps_of_epoch, " an epoch");
  if (record.run.best) {
    text += concat("; kept is epoch ", *record.run.best + 1, " of ", record.run.epochs.size(),
                   ", the best by ", record.plan.metric);
  }
  text += divergence_text(record.run.diverged_at);
  text += concat(". Learning rate ", tuning.learning_rate, " with ", name_of(tuning.schedule),
                 " schedule and a warm-up of ", tuning.warmup, "; AdamW, weight decay ",
                 tuning.optimizer.weight_decay, "; gradients ",
                 tuning.clip > 0 ? concat("cut to length ", tuning.clip) : "of any length",
                 "; seed ", tuning.seed, "; frozen: ", frozen(record.request),
                 length ? concat("; texts cut to ", *length,
                                 " tokens, in figures too (--max-length ", *length, ")")
                        : "",
                 record.plan.head_afterwards
                     ? concat("; then the head alone, ", record.plan.head_afterwards->epochs,
                              " epochs at ", record.plan.head_afterwards->learning_rate)
                     : "",
                 ". All settings and the figures of every epoch are in training.json.\n");
  text += concat("\n## Use\n\n```bash\n", use_of(record.labels), "\n```\n");
  return text;
}

}  // namespace convbert::app
