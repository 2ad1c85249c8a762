// From hidden states to the vectors of a text or of its tokens.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "api/open_model.h"
#include "core/tensor.h"
#include "model/pooling.h"
#include "model/vector_dense.h"

namespace convbert {

enum class VectorsOf { texts, tokens };

// A model's Dense modules belong to its own way to a text's vector: another pooling or layer than
// the model's leaves them out.
struct VectorOptions {
  std::optional<Pooling> pooling{};     // of texts; none: what the model says, else mean
  std::optional<bool> normalize{};      // to length 1, in `dim`; none: as the model says
  std::optional<std::int64_t> layer{};  // 0: the embeddings; -1, as none: the last layer's
  std::int64_t dim = 0;                 // so many of the first dimensions; 0: as the model says
};

// When vectors are scaled to length 1. As sentence-transformers has it, the model's own step sees
// the whole vector, before truncate_dim cuts it, and normalize_embeddings what is left.
enum class Normalization { none, before_cut, after_cut };

// The options with the model's own answers filled in.
struct VectorPlan {
  VectorsOf of;
  Pooling pooling;
  std::shared_ptr<const VectorDense> dense;  // after it; null where there is none to run
  Normalization normalization;
  std::int64_t layer;  // hidden states after so many layers
  std::int64_t dim;    // at most the numbers of a vector
};

// Throws Error(usage) that begins with "layer:" or "dim:" for what the model has not; Error(format)
// where the model's own way to vectors cannot be done here and the options do not replace it, as
// they never do a prompt.
VectorPlan plan_vectors(const LoadedModel& loaded, const VectorOptions& options, VectorsOf of);

// hidden: [tokens, hidden_size] of one text after plan.layer layers. [plan.dim]
std::vector<float> text_vector(ConstMatrixView hidden, const VectorPlan& plan);

// The same from what pooling has left of it, [hidden_size].
std::vector<float> finish_vector(std::vector<float> pooled, const VectorPlan& plan);

// The mean of a text's windows, each counting as often as it has tokens.
class WindowMean {
 public:
  explicit WindowMean(std::int64_t tokens_of_all) : tokens_of_all_(tokens_of_all) {}

  // pooled: [hidden_size], of as many tokens.
  void add(std::span<const float> pooled, std::int64_t tokens);
  const std::vector<float>& mean() const { return mean_; }

 private:
  std::int64_t tokens_of_all_;
  std::vector<float> mean_;  // of the windows so far, as their shares of all
};

// [tokens, plan.dim]
std::vector<float> token_vectors(ConstMatrixView hidden, const VectorPlan& plan);

}  // namespace convbert
