// The trained head for sequence classification and regression.
#pragma once

#include <cstdint>

#include "core/batch.h"
#include "core/tensor.h"
#include "core/workspace.h"
#include "model/config.h"
#include "model/weights.h"
#include "nn/linear.h"

namespace convbert {

// logits = W_2 act(W_1 h + b_1) + b_2 of the first token's hidden state h: ConvBERT's and ELECTRA's
// classifier (act: the model's, and gelu), BERT's pooler and classifier (act: tanh).
class SequenceClassifier {
 public:
  SequenceClassifier(const ModelConfig& config, const ClassifierWeights& weights);

  std::int64_t labels() const { return output_.out(); }

  // hidden: [batch.tokens(), hidden_size], the last layer's. logits: [batch.sequences(), labels()],
  // from nn::allocate_rows().
  void forward(const Batch& batch, ConstMatrixView hidden, MatrixView logits,
               Workspace& workspace) const;

 private:
  nn::Linear dense_;
  nn::Linear output_;
};

// What the logits mean: the configuration's problem type, else regression for one label and a
// single label for several, as Hugging Face decides.
ProblemType resolve_problem_type(const ModelConfig& config, std::int64_t labels);

// Logits to probabilities, in place: softmax for a single label, the logistic function for several
// labels, nothing for regression.
void to_probabilities(ProblemType type, std::span<float> logits);

}  // namespace convbert
