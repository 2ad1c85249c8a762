// From hidden states to the vectors of a text or of its tokens.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "api/open_model.h"
#include "core/tensor.h"
#include "model/pooling.h"

namespace convbert {

enum class VectorsOf { texts, tokens };

struct VectorOptions {
  std::optional<Pooling> pooling{};     // of texts; none: what the model says, else mean
  std::optional<bool> normalize{};      // none: of texts what the model says; else not
  std::optional<std::int64_t> layer{};  // 0: the embeddings; -1, as none: the last layer's
  std::int64_t dim = 0;                 // so many of the first dimensions; 0: all
};

// The options with the model's own answers filled in.
struct VectorPlan {
  VectorsOf of;
  Pooling pooling;
  bool normalize;
  std::int64_t layer;  // hidden states after so many layers
  std::int64_t dim;    // at most the hidden size
};

// Throws Error(usage) that begins with "layer:" or "dim:" for what the model has not; Error(format)
// where the model's own way to vectors cannot be done here and the options do not replace it.
VectorPlan plan_vectors(const LoadedModel& loaded, const VectorOptions& options, VectorsOf of);

// hidden: [tokens, hidden_size] of one text after plan.layer layers. Normalised before it is cut to
// plan.dim floats.
std::vector<float> text_vector(ConstMatrixView hidden, const VectorPlan& plan);

// [tokens, plan.dim]
std::vector<float> token_vectors(ConstMatrixView hidden, const VectorPlan& plan);

}  // namespace convbert
