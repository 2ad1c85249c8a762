#include "train/training_plan.h"

#include <algorithm>
#include <cmath>

#include "cli/format.h"
#include "cli/usage_error.h"
#include "train/dev_figures.h"
#include "train/model_settings.h"

namespace convbert::app {
namespace {

void check_flags(const TrainRequest& request, const LabelPlan& labels) {
  const LearningTask task = labels.task;
  const bool has_classes = task == LearningTask::classify || task == LearningTask::tag;
  if (request.label_smoothing > 0 && !has_classes) {
    usage_error("--label-smoothing is for --task classify and tag; this is --task ", name_of(task));
  }
  if (request.contrast.value_or(0) > 0 && task != LearningTask::classify) {
    usage_error("--contrast is for --task classify; this is --task ", name_of(task));
  }
  if (request.contrast.value_or(0) > 0 && request.freeze.encoder) {
    usage_error("--contrast is learnt by the encoder, which --freeze encoder leaves as it is");
  }
  if (request.pooling && !reads_sequences(task)) {
    usage_error("--pooling is for --task classify, multilabel and regress; this is ",
                shown_name(task));
  }
  if (request.has_balanced_classes && !has_classes) {
    usage_error("--class-weights is for --task classify and tag; this is --task ", name_of(task));
  }
  if (task == LearningTask::contrastive && request.batch_size < 2) {
    usage_error(
        "--batch-size: expected 2 or more of --task contrastive, in which the other pairs "
        "of a batch are what a pair is told from, found ",
        request.batch_size);
  }
  if (request.head_rate && (request.freeze.encoder || !labels.head())) {
    usage_error("--head-rate is for a head that is trained with the encoder; ",
                request.freeze.encoder ? "of one alone --learning-rate is it"
                                       : shown_name(task) + " has none");
  }
  if (request.head_rate.value_or(0) > 0 && request.learning_rate == 0.0) {
    usage_error("--head-rate: expected a --learning-rate above 0 beside it; --freeze encoder ",
                "trains the head alone, at --learning-rate");
  }
  if (request.freeze.encoder && !info_of(task).head) {
    usage_error("--freeze encoder leaves nothing to train: ", shown_name(task), " has no head");
  }
}

// Vectors are learnt as the pooling leaves them.
void check_steps(const ModelSource& source, LearningTask task) {
  const SentenceConfig& sentence = source.sentence;
  if (!sentence.unsupported.empty()) throw Error(ErrorKind::format, sentence.unsupported);
  if (sentence.dense.empty()) return;
  usage_error(
      shown_name(task), ": ", source.top.path_of("modules.json"), " has a Dense module after ",
      "the pooling, ", printable(sentence.dense.front().folder), ", which is not learnt; ",
      "expected a model without: take it out of a copy's list, and its vectors are those of ",
      "the pooling");
}

// Tags that spell no entities have no f1.
std::string metric_of(const TrainRequest& request, const LabelPlan& labels) {
  const std::vector<std::string> known = metrics_of(labels);
  const auto knows = [&](std::string_view name) {
    return std::ranges::find(known, name) != known.end();
  };
  if (request.metric.empty()) {
    const std::string_view usual = info_of(labels.task).metric;
    return knows(usual) ? std::string(usual) : known.front();
  }
  if (!knows(request.metric)) {
    usage_error("--metric: expected ", list_of(known), " of ", shown_name(labels.task),
                labels.task == LearningTask::tag ? " with these tags" : "", ", found \"",
                printable(request.metric, 40), "\"");
  }
  return request.metric;
}

}  // namespace

double default_learning_rate(const ModelConfig& config, bool head_alone) {
  if (head_alone) return 1e-2;
  return 3e-4 * 256.0 / static_cast<double>(config.hidden_size);
}

std::int64_t default_epochs(const Learning& learning) {
  const auto as_many_as = [](std::int64_t wanted, std::int64_t in_an_epoch) {
    return (wanted + in_an_epoch - 1) / in_an_epoch;
  };
  if (!learning.encoder) {
    return std::clamp<std::int64_t>(as_many_as(1'000'000, learning.examples), 10, 100);
  }
  const auto usual = std::clamp<std::int64_t>(as_many_as(60'000, learning.examples), 3, 20);
  if (!learning.new_head) return usual;
  const std::int64_t steps = as_many_as(learning.examples, learning.batch_size);
  if (learning.draws_vectors && learning.are_few()) {
    return std::clamp<std::int64_t>(as_many_as(100, steps), usual, 150);
  }
  return std::clamp<std::int64_t>(as_many_as(300, steps), usual, 150);
}

float default_contrast(const Learning& learning) {
  if (!learning.are_few()) return 0.0f;
  return learning.draws_vectors ? 100.0f : 1.0f;
}

namespace {

FineTuningOptions head_alone_options(FineTuningOptions options, double rate,
                                     std::int64_t examples) {
  options.loss.contrast = 0.0f;
  options.epochs = default_epochs({.examples = examples,
                                   .batch_size = options.batch_size,
                                   .encoder = false,
                                   .head = true,
                                   .new_head = true});
  options.learning_rate = rate;
  options.optimizer.head_factor = 1.0;
  options.head_alone = true;
  return options;
}

}  // namespace

TrainingPlan plan_training(const TrainRequest& request, const LabelPlan& labels,
                           const ModelSource& source, const ModelConfig& config,
                           const Examples& examples) {
  check_flags(request, labels);
  if (labels.gives_vectors()) check_steps(source, labels.task);
  TrainingPlan plan;
  plan.head = plan_head(request, labels, source, config);
  const bool head_alone = request.freeze.encoder;
  const std::optional<float> dropout =
      head_alone ? request.dropout.value_or(0.0f) : request.dropout;
  const std::optional<Pooling> pooling = plan.head.pooling;
  Learning learning{.examples = examples.size(),
                    .batch_size = request.batch_size,
                    .encoder = !head_alone,
                    .head = plan.head.form != nullptr,
                    .new_head = plan.head.is_new};
  const bool can_contrast = labels.task == LearningTask::classify &&
                            can_be_trained(pooling.value_or(source.sentence.pooling));
  learning.draws_vectors = pooling && can_contrast;
  const float contrast =
      request.contrast.value_or(can_contrast ? default_contrast(learning) : 0.0f);
  learning.draws_vectors = pooling && contrast > 0;
  plan.metric = metric_of(request, labels);
  plan.model = {.head = plan.head.form,
                .gives_vectors = labels.gives_vectors() || contrast > 0,
                .pooling = pooling.value_or(source.sentence.pooling),
                .dropout = source.files
                               .parsed("config.json",
                                       [&](std::string_view text) {
                                         return read_settings(text,
                                                              source.files.path_of("config.json"));
                                       })
                               .with_dropout(dropout),
                .freeze = {.embeddings = request.freeze.embeddings || head_alone,
                           .layers = head_alone ? config.layers : request.freeze.layers},
                .precision = request.record.model.precision};
  if (plan.model.freeze.layers > config.layers) {
    usage_error("--freeze: expected at most ", config.layers, ", the model's layers, found ",
                plan.model.freeze.layers);
  }
  if (plan.head.form == nullptr && plan.model.freeze.layers == config.layers) {
    usage_error("--freeze ", config.layers, " leaves nothing to train: ", shown_name(labels.task),
                " has no head, and the model no more layers");
  }
  if (labels.task == LearningTask::contrastive && examples.size() < 2) {
    usage_error("--task contrastive: expected two pairs or more to tell apart, found one");
  }
  const double slowed = learning.draws_vectors ? 0.25 : 1.0;
  const double rate =
      request.learning_rate.value_or(slowed * default_learning_rate(config, head_alone));
  const double head_rate =
      request.head_rate.value_or(pooling ? default_learning_rate(config, true) : rate);
  plan.tuning = {.objective = info_of(labels.task).objective,
                 .loss = {.label_smoothing = request.label_smoothing,
                          .class_weights = {},
                          .relational = request.relational,
                          .labels = request.label_weight,
                          .contrast = contrast},
                 .batch_size = request.batch_size,
                 .epochs = request.epochs.value_or(default_epochs(learning)),
                 .most_steps = request.max_steps,
                 .learning_rate = rate,
                 .warmup = request.warmup,
                 .schedule = request.schedule,
                 .optimizer = {.weight_decay = request.weight_decay,
                               .layer_decay = request.layer_decay,
                               .head_factor = head_alone || rate == 0.0 ? 1.0 : head_rate / rate},
                 .clip = request.clip,
                 .seed = request.seed,
                 .threads = request.record.model.threads,
                 .head_alone = head_alone};
  if (request.has_balanced_classes) {
    plan.tuning.loss.class_weights = balanced_weights(examples.labels, labels.outputs());
  }
  if (learning.draws_vectors) {
    plan.head_afterwards = head_alone_options(plan.tuning, head_rate, examples.size());
  }
  return plan;
}

}  // namespace convbert::app
