#include "train/trained_head.h"

#include "nn/compute.h"

namespace convbert {
namespace {

nn::Precision precision_of(const HeadForm& form, nn::Precision asked) {
  const bool is_wide = info_of(form.kind).outputs == HeadOutputs::vocabulary;
  return is_wide ? asked : nn::Precision::f32;
}

}  // namespace

TrainedHead::TrainedHead(const HeadForm& form, const ModelConfig& config,
                         const Parameters& parameters, float dropout_rate, nn::Precision precision)
    : form_(form),
      dropout_rate_(dropout_rate),
      output_(make_trained_linear(output_weight(parameters), parameters.head->output.bias,
                                  precision_of(form, precision))) {
  const BasicHeadWeights<Values>& weights = *parameters.head;
  if (weights.dense) {
    dense_.emplace(make_trained_linear(*weights.dense, precision_of(form, precision)));
    activation_.emplace(form.activation.value_or(config.activation), dense_->out());
  }
  if (weights.norm) norm_.emplace(make_trained_norm(*weights.norm, config.layer_norm_epsilon));
}

void TrainedHead::repack(const Parameters& parameters) {
  const BasicHeadWeights<Values>& weights = *parameters.head;
  if (dense_) convbert::repack(*dense_, *weights.dense);
  if (norm_) convbert::repack(*norm_, *weights.norm);
  output_.repack(output_weight(parameters).floats, weights.output.bias.floats);
}

nn::Dropout TrainedHead::dropout(const SlicePass& pass, DropoutSite site) const {
  const bool classifies = info_of(form_.kind).outputs == HeadOutputs::labels;
  const bool has_pooler =
      form_.kind == HeadKind::sequence_classification && form_.family == Family::bert;
  const bool drops = site == DropoutSite::head_output || (dense_.has_value() && !has_pooler);
  return dropout_at(pass.place, 0, site, classifies && drops ? dropout_rate_ : 0.0f);
}

KeptHead TrainedHead::forward(const SlicePass& pass, std::int64_t first_row,
                              const nn::PaddedRows& hidden) const {
  const nn::ComputeScope scope;
  Workspace& workspace = pass.workspace;
  const auto drop = [&](DropoutSite site, const nn::PaddedRows& rows) {
    const nn::Dropout dropped = dropout(pass, site);
    if (dropped.is_active()) dropped.apply(rows, rows, first_row);
  };
  KeptHead kept;
  kept.input = hidden;
  kept.features = hidden;
  if (dense_) {
    drop(DropoutSite::head_input, hidden);
    kept.dense = nn::allocate_rows(workspace, hidden.rows, dense_->out());
    dense_->forward(hidden, kept.dense, workspace);
    kept.activated = nn::allocate_rows(workspace, hidden.rows, dense_->out());
    activation_->forward(kept.dense, kept.activated, workspace);
    kept.features = kept.activated;
  }
  if (norm_) {
    kept.features = nn::allocate_rows(workspace, hidden.rows, kept.activated.columns);
    kept.norm = forward_norm(*norm_, kept.activated, kept.features, workspace);
  }
  drop(DropoutSite::head_output, kept.features);
  kept.logits = nn::allocate_rows(workspace, hidden.rows, outputs());
  output_.forward(kept.features, kept.logits, workspace);
  return kept;
}

nn::PaddedRows TrainedHead::backward(const SlicePass& pass, std::int64_t first_row,
                                     const KeptHead& kept, const nn::PaddedRows& d_logits,
                                     BasicHeadWeights<Gradient>& gradients,
                                     const SliceTurns& turns) const {
  const nn::ComputeScope scope;
  Workspace& workspace = pass.workspace;
  const auto undo_drop = [&](DropoutSite site, const nn::PaddedRows& d) {
    const nn::Dropout dropped = dropout(pass, site);
    if (dropped.is_active()) dropped.apply(d, d, first_row);
  };
  nn::PaddedRows d = allocate_zeros(workspace, d_logits.rows, kept.features.columns);
  add_gradients(output_, kept.features, d_logits, gradients.output, turns, workspace);
  output_.add_input_gradient(d_logits, d, workspace);
  undo_drop(DropoutSite::head_output, d);
  if (norm_) backward_norm(*norm_, kept.norm, d, *gradients.norm, turns, workspace);
  if (!dense_) return d;
  activation_->backward(kept.dense, d, d, workspace);
  const nn::PaddedRows d_hidden = allocate_zeros(workspace, d.rows, kept.input.columns);
  add_gradients(*dense_, kept.input, d, *gradients.dense, turns, workspace);
  dense_->add_input_gradient(d, d_hidden, workspace);
  undo_drop(DropoutSite::head_input, d_hidden);
  return d_hidden;
}

}  // namespace convbert
