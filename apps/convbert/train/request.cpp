#include "train/request.h"

#include <algorithm>
#include <cmath>

#include "cli/flag_group.h"
#include "cli/usage_error.h"
#include "core/numbers.h"

namespace convbert::app {
namespace {

constexpr Format kFormats[] = {Format::json};  // of no use: the output is a directory

void add_data_flags(CLI::App& command, TrainFlags& flags) {
  FlagGroup group(command, "Learning");
  group.add_list("--dev", flags.dev, "FILE,...",
                 "Labelled records to measure with after each epoch; the best epoch is kept");
  std::vector<std::string> tasks = learning_task_names();
  tasks.insert(tasks.begin(), "auto");
  group
      .add_choice("--task", flags.task, tasks, "TASK",
                  "classify (a label), multilabel (a list of labels), regress (a number), tag "
                  "(lists \"tokens\" and \"tags\" of one length), similarity (a pair and a number "
                  "that the cosine of its vectors is fitted to), contrastive (pairs alone: every "
                  "other pair of the batch is a negative), or auto: by the labels, of which "
                  "strings and integers are classes, lists several and fractions values")
      .with_default();
  group.add("--label-field", flags.label_field, "NAME",
            "Field or column of the label; default: label, or tags of --task tag, whose words are "
            "in --text-field tokens");
  group.add("--scale", flags.scale, "LOW,HIGH",
            "Range of the values of --task similarity, as 0,5; default: 0,1");
  group.add("--metric", flags.metric, "NAME",
            "Figure on --dev that decides which epoch is best, of those that evaluate has, or "
            "loss; default: accuracy, micro_f1, f1 or spearman");
  group
      .add("--patience", flags.patience, "N",
           "Stop after N epochs without a better figure; 0 for never")
      .within(0, 1 << 20)
      .with_default();
}

void add_step_flags(CLI::App& command, TrainFlags& flags) {
  FlagGroup group(command, "Steps");
  group
      .add("--epochs", flags.epochs, "N",
           "Passes over the data; default: 3 of much data, up to 20 of little, up to 150 where a "
           "head has few records to learn from, up to 100 for a head alone")
      .within(1, 1 << 20);
  group.add("--max-steps", flags.max_steps, "N", "Stop after so many batches; 0 for no limit")
      .within(0, 1 << 30)
      .with_default();
  group.add("--batch-size", flags.batch_size, "N", "Records of a batch")
      .within(1, 1 << 16)
      .with_default();
  group
      .add("--learning-rate", flags.learning_rate, "RATE",
           "The highest; default: by the model's width and by what is trained")
      .within(0.0, 10.0);
  group
      .add("--head-rate", flags.head_rate, "RATE",
           "The highest of the head, where that is trained with the encoder; default: as the "
           "rest's, or 0.01 of a head on the text's vector (--pooling)")
      .within(0.0, 10.0);
  add_rate_flags(group, flags);
  group
      .add("--layer-decay", flags.layer_decay, "D",
           "Each layer's learning rate is that of the layer above times this")
      .within(0.0, 1.0)
      .with_default();
  add_clip_flag(group, flags);
  group.add("--dropout", flags.dropout, "P", "Instead of the model's own rates").within(0.0, 0.9);
  group.add("--label-smoothing", flags.label_smoothing, "S", "Share of a label given to all")
      .within(0.0, 0.9)
      .with_default();
  group
      .add_choice("--class-weights", flags.class_weights, {"none", "balanced"}, "HOW",
                  "none, or balanced: rare labels count as much as frequent ones")
      .with_default();
  group
      .add("--contrast", flags.contrast, "W",
           "Of --task classify: besides, have the cosine of two texts' vectors be 1 for one label "
           "and 0 for two, counting W times; default: 1 for up to 1,000 records (100 with "
           "--pooling), else 0")
      .within(0.0, 1e6);
  group.add_choice("--pooling", flags.pooling, {"mean", "cls"}, "HOW",
                   "Of --task classify, multilabel and regress: the head reads the text's vector, "
                   "pooled so, and the model is written as sentence-transformers has it; default: "
                   "a head of the model's family, on the first token");
  group.add("--freeze", flags.freeze, "WHAT",
            "What stays as it is: embeddings; N, the lowest N layers, too; encoder, everything but "
            "the head, which takes seconds");
  group.add("--seed", flags.seed, "N", "Of the order of the records, dropout and a new head")
      .within(0, 1 << 30)
      .with_default();
}

void add_run_flags(CLI::App& command, TrainFlags& flags) {
  FlagGroup group(command, "Output");
  group
      .add("-o,--output", flags.directory, "DIR",
           "Directory to make; it appears when it is complete: the model, the tokenizer's files, "
           "a card, and training.json, what was done and measured")
      .required()
      .not_empty();
  group.add_flag("--strict", flags.record.output.strict, "Stop at the first bad record");
  add_resume_flag(group, flags);
  group
      .add("--save-every", flags.save_every, "N",
           "Steps between two savings of DIR.state; the end of a long epoch is one, too")
      .within(1, 1 << 30)
      .with_default();
  add_log_flag(group, flags);
  group
      .add("--report", flags.report, "FILE",
           "One HTML file: loss, figures, learning rate, confusions, worst mistakes")
      .not_empty();
}

FreezeRequest parse_freeze(const std::string& text) {
  if (text.empty()) return {};
  if (text == "encoder") return {.encoder = true};
  if (text == "embeddings") return {.embeddings = true};
  const auto layers = parse_number<std::int64_t>(text);
  if (!layers || *layers < 1) {
    usage_error("--freeze: expected embeddings, encoder or a number of layers, found \"",
                printable(text, 40), "\"");
  }
  return {.embeddings = true, .layers = *layers};
}

std::optional<ValueRange> parse_scale(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const std::size_t comma = text.find(',');
  const std::string_view all = text;
  const auto low = parse_number<double>(all.substr(0, comma));
  const auto high =
      comma == std::string::npos ? std::nullopt : parse_number<double>(all.substr(comma + 1));
  if (!low || !high || !std::isfinite(*low) || !std::isfinite(*high) || !(*low < *high)) {
    usage_error("--scale: expected LOW,HIGH as 0,5, found \"", printable(text, 40), "\"");
  }
  return ValueRange{*low, *high};
}

// Fields and files as the task reads them.
void name_inputs(const TrainFlags& flags, TrainRequest& request) {
  RecordSourceOptions& source = request.record.input.source;
  const bool has_labels = request.task != LearningTask::distill || request.label_field;
  if (has_labels) source.fields.are_named = true;  // a line of text has none
  if (request.task == LearningTask::tag) {
    source.fields.text = flags.record.input.text_field.value_or("tokens");
    source.fields.text_may_be_json = true;
    take_single_texts(request.record.input, "tags are of single texts");
  }
  if (source.paths.empty()) source.paths.push_back("-");
  request.dev = request.record.input;
  request.dev.source.paths = flags.dev;
  request.dev.source.shard = {};
}

}  // namespace

void add_train_flags(CLI::App& command, TrainFlags& flags) {
  add_labelled_input_flags(command, flags.record);
  FlagGroup model(command, "Model");
  add_precision_flag(model, flags);
  add_data_flags(command, flags);
  add_step_flags(command, flags);
  add_run_flags(command, flags);
}

TrainRequest make_request(const TrainFlags& flags) {
  check_directory(flags);
  TrainRequest request{.record = make_request(flags.record, kFormats),
                       .dev = {},
                       .directory = flags.directory,
                       .task = learning_task_from_name(flags.task),
                       .label_field = flags.label_field,
                       .scale = parse_scale(flags.scale),
                       .metric = flags.metric,
                       .epochs = flags.epochs,
                       .batch_size = flags.batch_size,
                       .learning_rate = flags.learning_rate,
                       .head_rate = flags.head_rate,
                       .warmup = flags.warmup,
                       .schedule = *schedule_from_name(flags.schedule),
                       .weight_decay = flags.weight_decay,
                       .layer_decay = flags.layer_decay,
                       .clip = flags.clip,
                       .dropout = {},
                       .label_smoothing = static_cast<float>(flags.label_smoothing),
                       .has_balanced_classes = flags.class_weights == "balanced",
                       .contrast = {},
                       .pooling = pooling_from_name(flags.pooling),
                       .relational = static_cast<float>(flags.relational),
                       .label_weight = static_cast<float>(flags.label_weight.value_or(1.0)),
                       .freeze = parse_freeze(flags.freeze),
                       .patience = flags.patience,
                       .max_steps = flags.max_steps,
                       .seed = static_cast<std::uint64_t>(flags.seed),
                       .save_every = flags.save_every,
                       .resume = flags.resume,
                       .log = flags.log,
                       .report = flags.report};
  if (flags.contrast) request.contrast = static_cast<float>(*flags.contrast);
  if (flags.dropout) request.dropout = static_cast<float>(*flags.dropout);
  if (flags.dev.empty() && (request.patience > 0 || !request.metric.empty())) {
    usage_error(request.patience > 0 ? "--patience" : "--metric", " needs --dev to measure with");
  }
  check_files("--dev", flags.dev);
  if (flags.report == "-") usage_error("--report: expected the name of a file, found -");
  check_apart({{"-o", {flags.directory}}, {"--log", {flags.log}}, {"--report", {flags.report}}},
              {{"INPUT", flags.record.input.paths}, {"--dev", flags.dev}});
  name_inputs(flags, request);
  return request;
}

}  // namespace convbert::app
