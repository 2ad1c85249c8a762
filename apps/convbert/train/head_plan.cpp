#include "train/head_plan.h"

#include <algorithm>
#include <vector>

#include "checkpoint/checkpoint.h"

namespace convbert::app {
namespace {

// The vector that a head is to read; none: it is the family's own. One that is there already stays.
std::optional<Pooling> pooling_of(const TrainRequest& request, const LabelPlan& labels,
                                  const ModelSource& source) {
  if (request.pooling || !reads_sequences(labels.task) || !source.classifier) {
    return request.pooling;
  }
  return source.classifier->pooling;
}

// Do the labels that the model's configuration names say what the task asks?
bool fits(const ModelConfig& config, const LabelPlan& labels) {
  if (labels.task != LearningTask::regress) return config.labels == labels.names;
  return resolve_problem_type(config, labels.outputs()) == ProblemType::regression;
}

// Does the model have a head of that form for these labels?
bool is_there(const HeadForm& form, const ModelSource& source, const ModelConfig& config,
              const LabelPlan& labels) {
  if (!fits(config, labels)) return false;
  if (form.reads_vectors) return source.classifier.has_value();
  const Checkpoint checkpoint = Checkpoint::open(source.files);
  const WeightBinder binder(checkpoint, config);
  const std::vector<HeadKind> heads = binder.heads();
  return std::ranges::find(heads, form.kind) != heads.end() &&
         binder.outputs_of(form.kind) == labels.outputs();
}

}  // namespace

HeadPlan plan_head(const TrainRequest& request, const LabelPlan& labels, const ModelSource& source,
                   const ModelConfig& config) {
  const std::optional<HeadKind> kind = labels.head();
  if (!kind) return {};
  HeadPlan head{.pooling = pooling_of(request, labels, source)};
  head.form = head.pooling ? &vector_classifier_form() : form_of(*kind, config.family);
  head.is_new = !is_there(*head.form, source, config, labels);
  return head;
}

Parameters open_parameters(const ModelSource& source, const ModelConfig& config,
                           const LabelPlan& labels, const HeadPlan& head, std::uint64_t seed) {
  const Checkpoint checkpoint = Checkpoint::open(source.files);
  if (head.form == nullptr) return load_parameters(checkpoint, config);
  const HeadForm& form = *head.form;
  if (head.is_new) {
    Parameters parameters = load_parameters(checkpoint, config);
    add_new_head(parameters, config, form, labels.outputs(), seed);
    return parameters;
  }
  Parameters parameters = form.reads_vectors
                              ? load_parameters(checkpoint, config)
                              : load_parameters(checkpoint, config, &form, labels.outputs());
  if (form.reads_vectors) {
    parameters.head =
        load_head(Checkpoint::open(source.classifier->files), config, form, labels.outputs());
  }
  if (labels.task == LearningTask::regress) {
    const auto [low, high] = labels.range;
    scale_outputs(*parameters.head, 1.0 / (high - low), -low / (high - low));
  }
  return parameters;
}

}  // namespace convbert::app
