// What is learnt from: labelled examples in memory, and the batches and losses made of them.
#pragma once

#include <cstdint>
#include <functional>
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
  vectors,       // those of another model: cosine to them, the cosines between them, and, where
                 // the model has a head, too, what it says of the texts that have a label
};

// Of example e: sequences e * group to (e + 1) * group, and what its objective needs.
struct Examples {
  Batch sequences;
  std::int64_t group = 1;            // 2 where the texts of a pair are read by themselves
  std::vector<std::int32_t> labels;  // label: one an example; token_labels: one a token, or
                                     // kIgnored; vectors: none, or one an example or kIgnored
  std::vector<float> targets;        // several, value, similarity: [examples, target_width]
  std::int64_t target_width = 0;
  // vectors: the same of one example, which may lie in a file: see TeacherVectors. For one thread
  // at a time.
  std::function<void(std::uint32_t example, std::span<float> targets)> read_targets{};

  std::int64_t size() const { return sequences.sequences() / group; }
};

// Targets of `vectors`, for a student of that width: what its vectors are fitted to, of its width,
// and behind it in each row that of which cosines between texts are taken, of any width, or nothing
// where the two are the same. targets: [rows, target_width].
struct TeacherVectors {
  TeacherVectors(ConstMatrixView targets, std::int64_t width);

  ConstMatrixView fitted;
  ConstMatrixView compared;
};

struct LossOptions {
  float label_smoothing = 0.0f;
  std::vector<float> class_weights{};  // of `label` and `token_labels`; none: 1 each
  float temperature = 0.05f;           // of `negatives`
  float relational = 0.0f;             // of `vectors`: what cosines between texts count
  float labels = 1.0f;                 // of `vectors`: what the cross-entropy of a label counts
  // Of `label`: what it counts how far cosines between the texts' vectors, which the model then
  // gives beside its head's outputs, are from 1 for two of one label and 0 for two of others. Pairs
  // teach what a single label does not where there are few (Tunstall et al. 2022; Gunel et al.
  // 2021).
  float contrast = 0.0f;
};

// A batch whose loss is a mean: over its rows, weighed by their classes.
class LearningBatch {
 public:
  // The examples of those numbers, in that order. vector_width: of the vectors that are the first
  // columns of the model's outputs; 0 where it gives none, or nothing else.
  LearningBatch(const Examples& examples, Objective objective,
                std::span<const std::uint32_t> chosen, const LossOptions& options,
                std::int64_t vector_width = 0);

  const TrainingBatch& training() const { return training_; }
  std::int64_t rows() const;  // that the model gives outputs for
  LossScope scope() const {
    const bool compares = objective_ == Objective::negatives ||
                          (objective_ == Objective::vectors && options_.relational > 0.0f) ||
                          (objective_ == Objective::label && options_.contrast > 0.0f);
    return compares ? LossScope::batch : LossScope::slice;
  }
  // Valid while the batch lives.
  LossFunction loss() const;

 private:
  void take_labels(const Examples& examples, std::uint32_t example);
  // Of rows from `first` on.
  double loss_on_vectors(std::size_t first, ConstMatrixView outputs, MatrixView gradient) const;
  ConstMatrixView targets(std::size_t first, std::int64_t rows) const;
  double loss_on_labels(std::size_t first, ConstMatrixView logits, MatrixView gradient) const;
  double loss_by_label(std::size_t first, ConstMatrixView outputs, MatrixView gradient) const;

  Objective objective_;
  const LossOptions& options_;
  TrainingBatch training_;
  std::vector<std::int32_t> labels_;  // of rows
  std::vector<float> targets_;
  std::int64_t target_width_;
  std::int64_t vector_width_;
  std::vector<float> weights_;  // of rows; of `similarity`, of pairs
};

// Numbers of the examples in the order of an epoch: a shuffle (Fisher and Yates) that follows from
// seed and epoch.
std::vector<std::uint32_t> order_of_epoch(std::int64_t examples, std::uint64_t seed,
                                          std::int64_t epoch);

// n / (classes * n_c) of each class that occurs, as scikit-learn's "balanced"; 1 of others.
std::vector<float> balanced_weights(std::span<const std::int32_t> labels, std::int64_t classes);

}  // namespace convbert
