#include "model/head.h"

#include <algorithm>
#include <cmath>

#include "model/weights_to_ops.h"
#include "nn/compute.h"

namespace convbert {

Head::Head(const HeadForm& form, const ModelConfig& config, const HeadWeights& weights,
           Pooling pooling)
    : kind_(form.kind),
      pooling_(form.reads_vectors ? pooling : Pooling::cls),
      output_(make_linear(weights.output)) {
  if (weights.dense) {
    const nn::Activation activation = form.activation.value_or(config.activation);
    dense_.emplace(make_linear(*weights.dense, {.activation = activation}));
  }
  if (weights.norm) norm_.emplace(make_norm(*weights.norm, config.layer_norm_epsilon));
}

void Head::forward(const nn::PaddedRows& hidden, const nn::PaddedRows& logits,
                   Workspace& workspace) const {
  const nn::ComputeScope scope;
  const Workspace::Frame frame(workspace);
  if (!dense_) return output_.forward(hidden, logits, workspace);
  const nn::PaddedRows dense = nn::allocate_rows(workspace, hidden.rows, dense_->out());
  dense_->forward(hidden, dense, workspace);
  if (norm_) norm_->forward(dense, dense, workspace);
  output_.forward(dense, logits, workspace);
}

MatrixView Head::forward(const Batch& batch, const nn::PaddedRows& hidden,
                         Workspace& workspace) const {
  const bool reads_all = info_of(kind_).rows == HeadRows::every_token;
  const std::int64_t rows = reads_all ? batch.tokens() : batch.sequences();
  const nn::PaddedRows logits = nn::allocate_rows(workspace, rows, outputs());
  const Workspace::Frame frame(workspace);
  if (reads_all) {
    forward(hidden, logits, workspace);
    return logits;
  }
  const nn::PaddedRows read = nn::allocate_rows(workspace, rows, hidden.columns);
  pool_each(pooling_, batch, hidden, read);
  forward(read, logits, workspace);
  return logits;
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
