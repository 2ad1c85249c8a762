// What a run falls back on where its loss stops being a number.
#pragma once

#include <optional>
#include <utility>

#include "train/optimizer.h"

namespace convbert::app {

// The model of a step that is known to give numbers, as a later one has seen a loss of it: which
// one follows from the steps alone, not from when a state was saved.
template <class Run>
class LastGood {
 public:
  struct Model {
    Run run;  // as it was then
    SavedParameters parameters;
  };

  // What the step that ended now has led to.
  void propose(Model model) { proposed_ = std::move(model); }
  // The next step has a loss.
  void confirm() {
    if (proposed_) model_ = std::exchange(proposed_, std::nullopt);
  }
  // As a state had it.
  void take_up(std::optional<Model> model) { model_ = std::move(model); }
  void forget() { model_ = proposed_ = std::nullopt; }

  const std::optional<Model>& model() const { return model_; }

 private:
  std::optional<Model> model_;
  std::optional<Model> proposed_;
};

}  // namespace convbert::app
