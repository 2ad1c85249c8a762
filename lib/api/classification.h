// From a head's logits to labels.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/config.h"
#include "model/model.h"

namespace convbert {

struct Classification {
  std::vector<float> logits;  // one a label, as label_names() has them
  std::vector<float> scores;  // probabilities; of a regression the value itself
  // Labels by falling score, of equal ones the first label first. The first is the answer; of a
  // model for several labels, those whose score reaches a threshold are.
  std::vector<std::size_t> order;
  std::int64_t truncated = 0;  // tokens of the text that were cut off
};

// Of the outputs of a head of the model: config.json's, "LABEL_0" and so on where it has none. A
// name that an earlier label has gets its number, "same (LABEL_3)": no two are equal.
std::vector<std::string> label_names(const Model& model, const Head& head);

Classification classification_of(std::span<const float> logits, ProblemType type);

}  // namespace convbert
