// The trained heads of the three families: the one form that all of them have.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/batch.h"
#include "core/tensor.h"
#include "core/workspace.h"
#include "model/config.h"
#include "model/head_form.h"
#include "model/pooling.h"
#include "model/weights.h"
#include "nn/layer_norm.h"
#include "nn/linear.h"

namespace convbert {

// logits = W_2 norm(act(W_1 h + b_1)) + b_2 of a hidden state h, or of a text's vector; without
// W_1, or the norm, where the form has none. Const after construction; threads may share it.
class Head {
 public:
  // pooling: of a form that reads vectors.
  Head(const HeadForm& form, const ModelConfig& config, const HeadWeights& weights,
       Pooling pooling = Pooling::cls);

  HeadKind kind() const { return kind_; }
  std::int64_t outputs() const { return output_.out(); }

  // hidden: [rows, hidden_size], what it reads; logits: [rows, outputs()].
  void forward(const nn::PaddedRows& hidden, const nn::PaddedRows& logits,
               Workspace& workspace) const;
  // The same of the rows that the head reads of a batch: hidden [batch.tokens(), hidden_size];
  // gives [batch.sequences(), outputs()] or [batch.tokens(), outputs()], in `workspace`.
  MatrixView forward(const Batch& batch, const nn::PaddedRows& hidden, Workspace& workspace) const;

 private:
  HeadKind kind_;
  Pooling pooling_;  // of a head over sequences: cls where it reads the first token
  std::optional<nn::Linear> dense_;
  std::optional<nn::LayerNorm> norm_;
  nn::Linear output_;
};

// What the logits of a classification mean: the configuration's problem type, else regression for
// one label and a single label for several, as Hugging Face decides.
ProblemType resolve_problem_type(const ModelConfig& config, std::int64_t labels);

// Logits to probabilities, in place: softmax for a single label, the logistic function for several
// labels, nothing for regression.
void to_probabilities(ProblemType type, std::span<float> logits);

}  // namespace convbert
