// What pre-training measures, by the names that logs and records give it.
#pragma once

#include <cstdint>
#include <string_view>

#include "metrics/roc.h"
#include "train/pre_training.h"

namespace convbert::app {

// 0 of nothing.
inline double share_of(std::int64_t part, std::int64_t all) {
  return all == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(all);
}

// The mean loss of who knows how many words are replaced, and nothing of which.
inline double loss_of_ignorance(const ReplacedFigures& figures) {
  return binary_entropy(share_of(figures.replaced, figures.tokens));
}

// Has the model learnt more of replaced words than how many there are? Models that have not end
// within a thousandth of that loss.
inline bool has_learnt(const ReplacedFigures& figures) {
  return figures.loss < 0.99 * loss_of_ignorance(figures);
}

// Calls visit(name, value) for each; a value may be NaN.
template <class Visit>
void for_each_figure(const PreTrainingFigures& figures, bool has_generator, Visit visit) {
  const auto& [loss, words, replaced] = figures;
  visit("loss", loss);
  visit("masked_loss", words.loss);
  visit("masked_accuracy", share_of(words.right, words.words));
  if (!has_generator) return;
  visit("replaced_loss", replaced.loss);
  visit("replaced_entropy", loss_of_ignorance(replaced));
  visit("replaced_auc", replaced.auc);
  visit("replaced_accuracy", share_of(replaced.right, replaced.tokens));
  visit("replaced_recall", share_of(replaced.found, replaced.replaced));
  visit("replaced_share", share_of(replaced.replaced, replaced.tokens));
}

}  // namespace convbert::app
