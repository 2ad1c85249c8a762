#include "evaluate/predictions.h"

#include <algorithm>
#include <cmath>

#include "api/classification.h"
#include "core/tensor.h"

namespace convbert::app {

std::int32_t best_label(std::span<const float> logits) {
  return static_cast<std::int32_t>(std::ranges::max_element(logits) - logits.begin());
}

std::vector<std::int32_t> labels_reached(std::span<const float> logits, float threshold) {
  const Classification all = classification_of(logits, ProblemType::multi_label);
  std::vector<std::int32_t> labels;
  for (std::size_t i = 0; i < all.scores.size(); ++i) {
    if (all.scores[i] >= threshold) labels.push_back(static_cast<std::int32_t>(i));
  }
  return labels;
}

double cosine(std::span<const float> a, std::span<const float> b) {
  return dot(a, b) / std::max(std::sqrt(dot(a, a)), 1e-8) / std::max(std::sqrt(dot(b, b)), 1e-8);
}

}  // namespace convbert::app
