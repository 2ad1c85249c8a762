#include "api/classification.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <unordered_set>

#include "core/error.h"

namespace convbert {

std::vector<std::string> label_names(const Model& model, const Head& head) {
  std::vector<std::string> names = model.config.labels;
  const auto count = static_cast<std::size_t>(head.outputs());
  while (names.size() < count) names.push_back(concat("LABEL_", names.size()));
  std::unordered_set<std::string> seen;
  for (std::size_t label = 0; label < names.size(); ++label) {
    while (!seen.insert(names[label]).second) names[label] += concat(" (LABEL_", label, ")");
  }
  return names;
}

Classification classification_of(std::span<const float> logits, ProblemType type) {
  Classification result;
  result.logits.assign(logits.begin(), logits.end());
  result.scores = result.logits;
  to_probabilities(type, result.scores);
  result.order.resize(logits.size());
  std::iota(result.order.begin(), result.order.end(), std::size_t{0});
  std::ranges::stable_sort(result.order, std::ranges::greater{},
                           [&](std::size_t label) { return result.scores[label]; });
  return result;
}

}  // namespace convbert
