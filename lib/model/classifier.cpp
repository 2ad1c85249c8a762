#include "model/classifier.h"

#include <algorithm>
#include <cmath>

#include "model/weights_to_ops.h"
#include "nn/compute.h"

namespace convbert {
namespace {

nn::Activation activation_of(const ModelConfig& config) {
  switch (config.family) {
    case Family::bert: return nn::Activation::tanh;
    case Family::electra: return nn::Activation::gelu;  // whatever hidden_act says
    case Family::convbert: break;
  }
  return config.activation;
}

}  // namespace

SequenceClassifier::SequenceClassifier(const ModelConfig& config, const ClassifierWeights& weights)
    : dense_(make_linear(weights.dense, {.activation = activation_of(config)})),
      output_(make_linear(weights.output)) {}

void SequenceClassifier::forward(const Batch& batch, ConstMatrixView hidden, MatrixView logits,
                                 Workspace& workspace) const {
  const nn::ComputeScope scope;
  const Workspace::Frame frame(workspace);
  const MatrixView first = nn::allocate_rows(workspace, batch.sequences(), hidden.columns);
  const MatrixView dense = nn::allocate_rows(workspace, batch.sequences(), dense_.out());
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
    std::ranges::copy(hidden.row_span(batch.start(s)), first.row(s));
  }
  dense_.forward(first, dense, workspace);
  output_.forward(dense, logits, workspace);
}

ProblemType resolve_problem_type(const ModelConfig& config, std::int64_t labels) {
  if (config.problem_type != ProblemType::unspecified) return config.problem_type;
  return labels == 1 ? ProblemType::regression : ProblemType::single_label;
}

void to_probabilities(ProblemType type, std::span<float> logits) {
  if (type == ProblemType::regression) return;
  if (type == ProblemType::multi_label) {
    for (float& logit : logits) logit = 1.0f / (1.0f + std::exp(-logit));
    return;
  }
  const float largest = *std::ranges::max_element(logits);
  float sum = 0.0f;
  for (float& logit : logits) sum += logit = std::exp(logit - largest);
  for (float& logit : logits) logit /= sum;
}

}  // namespace convbert
