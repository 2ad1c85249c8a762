// The heads of the three families, forward and backward.
#pragma once

#include <cstdint>
#include <optional>

#include "model/config.h"
#include "model/head_form.h"
#include "nn/elementwise.h"
#include "train/trained_parts.h"

namespace convbert {

// What backward() reads again. [rows that the head reads, ...]
struct KeptHead {
  nn::PaddedRows input;  // after dropout
  nn::PaddedRows dense;  // before the activation, where there is a dense layer
  nn::PaddedRows activated;
  KeptNorm norm;
  nn::PaddedRows features;  // what the last layer reads
  nn::PaddedRows logits;
};

// logits = W_2 dropout(norm(act(W_1 dropout(h) + b_1))) + b_2, as Head (model/head.h), with dropout
// where Hugging Face has it: heads for classification drop what their last layer reads and, all but
// BERT's pooler, what the first one does. Threads may share it while nobody repacks it.
class TrainedHead {
 public:
  // Reads shapes only. parameters.head: of that form. precision: of the products of a head over a
  // vocabulary; those of other heads are small, and float32.
  TrainedHead(const HeadForm& form, const ModelConfig& config, const Parameters& parameters,
              float dropout_rate, nn::Precision precision);
  void repack(const Parameters& parameters);

  HeadRows rows() const { return info_of(form_.kind).rows; }
  std::int64_t outputs() const { return output_.out(); }

  // hidden: [rows, hidden_size], dropped in place; first_row: of the first in the whole batch.
  KeptHead forward(const SlicePass& pass, std::int64_t first_row,
                   const nn::PaddedRows& hidden) const;
  // d_logits: the gradient of kept.logits; gives that of `hidden`. In the slice's turns.
  nn::PaddedRows backward(const SlicePass& pass, std::int64_t first_row, const KeptHead& kept,
                          const nn::PaddedRows& d_logits, BasicHeadWeights<Gradient>& gradients,
                          const SliceTurns& turns) const;

 private:
  nn::Dropout dropout(const SlicePass& pass, DropoutSite site) const;

  HeadForm form_;
  float dropout_rate_;
  std::optional<nn::TrainedLinear> dense_;
  std::optional<nn::ElementwiseActivation> activation_;
  std::optional<nn::LayerNorm> norm_;
  nn::TrainedLinear output_;
};

}  // namespace convbert
