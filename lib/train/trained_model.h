// A model in training: an encoder and what is read off it, and one step's gradients.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/workspace.h"
#include "model/pooling.h"
#include "train/slices.h"
#include "train/trained_encoder.h"
#include "train/trained_head.h"

namespace convbert {

struct TrainedModelOptions {
  const HeadForm* head = nullptr;  // that parameters.head has; null: sentence vectors alone
  // Of a head over sequences: its outputs stand behind the sentence vectors, row by row.
  bool gives_vectors = false;
  Pooling pooling = Pooling::mean;  // of sentence vectors, which a head may read: mean or cls
  DropoutRates dropout{};
  Freeze freeze{};
  // Of the layers' products and of a head over the vocabulary; not of gradients' sums.
  nn::Precision precision = nn::Precision::f32;
};

// Can sentence vectors that are pooled so?
inline bool can_be_trained(Pooling pooling) {
  return pooling == Pooling::mean || pooling == Pooling::cls;
}

// A batch and what is read off it.
struct TrainingBatch {
  Batch batch;
  // The tokens whose hidden states a head over tokens reads, in rising order: those that have a
  // label. Heads over sequences and sentence vectors have a row a sequence and read no list.
  std::vector<std::int64_t> rows{};
  std::int64_t group = 1;  // sequences that stay in one slice: 2 of pairs
};

// Gives the loss of the outputs [rows, outputs] and writes its gradient; `first_row` is the number
// of their first row in the whole batch. Several threads may call it, on parts of the batch.
using LossFunction =
    std::function<double(std::int64_t first_row, ConstMatrixView outputs, MatrixView gradient)>;

// What a loss needs to see at a time. A sum over rows is computed slice by slice, each of which
// forgets what it kept before the next one begins; a loss that compares all rows has every slice
// keep its own until all are through.
enum class LossScope { slice, batch };

struct StepOptions {
  RandomPlace place{};
  LossScope scope = LossScope::slice;
  int threads = 1;
};

class TrainedModel {
 public:
  TrainedModel(const ModelConfig& config, const Parameters& parameters,
               const TrainedModelOptions& options);

  // After each change of the parameters, which must outlive it.
  void repack(const Parameters& parameters, int threads);
  // The same where only the head has changed.
  void repack_head(const Parameters& parameters);

  // What the head gives, or the vectors, or both, [rows, outputs()], without dropout: row r of `to`
  // is that of batch.rows[r] of a head over tokens, else of sequence r. Throws as add_gradients().
  void predict(const TrainingBatch& batch, int threads, MatrixView to);
  // The hidden states or vectors that the head reads, [rows, hidden_size], likewise: what training
  // a head alone needs to compute once.
  void read_features(const TrainingBatch& batch, int threads, MatrixView to);
  // What the head makes of them, [rows, outputs()], without dropout, on the calling thread.
  void predict_from(ConstMatrixView features, MatrixView to);
  std::int64_t outputs() const { return vector_width() + (head_ ? head_->outputs() : 0); }
  std::int64_t vector_width() const {  // in a row of the outputs, before what the head gives
    return head_ && !options_.gives_vectors ? 0 : config_.hidden_size;
  }
  std::int64_t feature_width() const { return config_.hidden_size; }

  // Adds the head's gradients alone, from features of read_features(), and returns the loss. On the
  // calling thread.
  double add_head_gradients(ConstMatrixView features, const LossFunction& loss,
                            Gradients& gradients, const RandomPlace& place);

  // Adds the gradients of one batch (to zeros, or to those of batches before it: accumulation) and
  // returns its loss. The same bytes for any number of threads: see slices.h and turns.h.
  // Throws Error(input) for ids and lengths that the model has no embedding for.
  double add_gradients(const TrainingBatch& batch, const LossFunction& loss, Gradients& gradients,
                       const StepOptions& options);

 private:
  struct Run;  // a slice on its way
  struct Outputs {
    KeptEncoding encoding;
    std::optional<KeptHead> head;
    nn::PaddedRows outputs;
  };
  // Of a slice: the number of its first row among all that are read, and its tokens that are read.
  struct Rows {
    std::int64_t first = 0;
    std::vector<std::int64_t> tokens;
  };
  Rows rows_of(const TrainingBatch& batch, const SlicePass& pass) const;
  bool head_reads_vectors() const {
    return options_.head != nullptr && options_.head->reads_vectors;
  }
  nn::PaddedRows read_by_head(const SlicePass& pass, const Rows& rows,
                              ConstMatrixView hidden) const;
  Outputs forward(const SlicePass& pass, const Rows& rows) const;
  // Slice by slice, without dropout.
  enum class Wanted { outputs, features };
  void run_forward(const TrainingBatch& batch, int threads, Wanted wanted, MatrixView to);
  void backward(const Run& run, Gradients& gradients, const SliceTurns& turns) const;
  double add_by_slice(const TrainingBatch& batch, const std::vector<Slice>& slices,
                      const LossFunction& loss, Gradients& gradients, const StepOptions& options);
  double add_whole(const TrainingBatch& batch, const std::vector<Slice>& slices,
                   const LossFunction& loss, Gradients& gradients, const StepOptions& options);

  ModelConfig config_;
  TrainedModelOptions options_;
  TrainedEncoder encoder_;
  std::optional<TrainedHead> head_;
  std::vector<Workspace> workspaces_;  // of threads, or, where all is kept, of slices
};

}  // namespace convbert
