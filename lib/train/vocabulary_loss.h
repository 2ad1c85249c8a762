// The loss of a head over a whole vocabulary, and what such a head says of each row.
#pragma once

#include <cstdint>
#include <span>

#include "core/tensor.h"
#include "core/workspace.h"
#include "nn/softmax.h"

namespace convbert {

// Of one row.
struct WordGuess {
  std::int32_t best = 0;   // the most probable word; of equal ones the first
  std::int32_t drawn = 0;  // a word drawn by its probability
};

// Cross-entropy as cross_entropy() (train/losses.h) of equally weighted rows, for many classes: in
// float32, by oneDNN's softmax. Const after construction; threads may share it.
class VocabularyLoss {
 public:
  explicit VocabularyLoss(std::int64_t words) : softmax_(words) {}

  // sum_r weight (-log p_r[y_r]), for the probabilities p = softmax(logits[r]) and the words y of
  // the rows; the gradient is weight (p - 1[y]). logits, gradient: [rows, words], two matrices. The
  // result is no number where a logit is none.
  struct Rows {
    std::span<const std::int32_t> words;  // y
    float weight;
    std::uint64_t key;               // of the random numbers by which words are drawn
    std::int64_t first;              // number of the first row in the whole batch
    std::span<WordGuess> guesses{};  // to be filled
  };
  double operator()(ConstMatrixView logits, const Rows& rows, MatrixView gradient) const;

 private:
  nn::RowSoftmax softmax_;
};

}  // namespace convbert
