// What is learnt from: labelled examples in memory, and the batches and losses made of them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/batch.h"
#include "train/trained_model.h"

namespace convbert {

enum class Objective {
  label,         // one of the head's outputs: cross-entropy
  several,       // each output by itself, 0 or 1: binary cross-entropy
  value,         // a number: squared error
  token_labels,  // one of the head's outputs for a token: cross-entropy
  similarity,    // the cosine of a pair's vectors, as a number: squared error
  negatives,     // pairs alone, whose texts belong together and to no other pair of the batch
};

// Of example e: sequences e * group to (e + 1) * group, and what its objective needs.
struct Examples {
  Batch sequences;
  std::int64_t group = 1;            // 2 where the texts of a pair are read by themselves
  std::vector<std::int32_t> labels;  // label: one an example; token_labels: one a token, or
                                     // kIgnored
  std::vector<float> targets;        // several, value, similarity: [examples, target_width]
  std::int64_t target_width = 0;

  std::int64_t size() const { return sequences.sequences() / group; }
};

struct LossOptions {
  float label_smoothing = 0.0f;
  std::vector<float> class_weights{};  // of `label` and `token_labels`; none: 1 each
  float temperature = 0.05f;           // of `negatives`
};

// A batch whose loss is a mean: over its rows, weighed by their classes.
class LearningBatch {
 public:
  // The examples of those numbers, in that order.
  LearningBatch(const Examples& examples, Objective objective,
                std::span<const std::uint32_t> chosen, const LossOptions& options);

  const TrainingBatch& training() const { return training_; }
  std::int64_t rows() const;  // that the model gives outputs for
  LossScope scope() const {
    return objective_ == Objective::negatives ? LossScope::batch : LossScope::slice;
  }
  // Valid while the batch lives.
  LossFunction loss() const;

 private:
  void take_labels(const Examples& examples, std::uint32_t example);

  Objective objective_;
  const LossOptions& options_;
  TrainingBatch training_;
  std::vector<std::int32_t> labels_;  // of rows
  std::vector<float> targets_;
  std::int64_t target_width_;
  std::vector<float> weights_;  // of rows; of `similarity`, of pairs
};

// Numbers of the examples in the order of an epoch: a shuffle (Fisher and Yates) that follows from
// seed and epoch.
std::vector<std::uint32_t> order_of_epoch(std::int64_t examples, std::uint64_t seed,
                                          std::int64_t epoch);

// n / (classes * n_c) of each class that occurs, as scikit-learn's "balanced"; 1 of others.
std::vector<float> balanced_weights(std::span<const std::int32_t> labels, std::int64_t classes);

}  // namespace convbert
