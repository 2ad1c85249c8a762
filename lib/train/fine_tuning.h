// A model that learns from examples, step by step. Whatever it has come to follows from the model,
// the examples, the options and the number of steps: not from threads, nor from being stopped and
// taken up.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "train/examples.h"
#include "train/optimizer.h"
#include "train/trained_model.h"

namespace convbert {

struct FineTuningOptions {
  Objective objective = Objective::label;
  LossOptions loss{};
  std::int64_t batch_size = 32;  // examples
  std::int64_t epochs = 1;
  std::int64_t most_steps = 0;  // 0: as many as the epochs have
  double learning_rate = 1e-4;
  double warmup = 0.1;  // share of the steps
  Schedule schedule = Schedule::linear;
  AdamWOptions optimizer{};
  double clip = 1.0;  // of the gradients' norm; 0 for none
  std::uint64_t seed = 1;
  int threads = 1;
  // The encoder stays as it is: its hidden states are computed once, and the head learns from them.
  bool head_alone = false;
};

struct StepFigures {
  double loss;
  double learning_rate;
  double gradient_norm;  // before clipping
  std::int64_t tokens;
};

class FineTuning {
 public:
  // `examples` must outlive it, as must model.head; model.freeze is what stays as it is.
  // examples: at least one.
  FineTuning(const ModelConfig& config, const TrainedModelOptions& model, Parameters parameters,
             const Examples& examples, const FineTuningOptions& options);
  FineTuning(const FineTuning&) = delete;  // the model reads the parameters where they lie
  FineTuning& operator=(const FineTuning&) = delete;

  std::int64_t steps_of_epoch() const { return steps_of_epoch_; }
  std::int64_t all_steps() const { return all_steps_; }
  std::int64_t steps() const { return optimizer_.steps(); }
  std::int64_t epoch() const { return steps() / steps_of_epoch_; }
  bool is_at_end_of_epoch() const { return steps() % steps_of_epoch_ == 0; }
  bool is_done() const { return steps() >= all_steps_; }

  // The next batch. Where the loss or the gradient is no number, nothing is changed.
  StepFigures step();

  // Outputs for other examples, [rows, outputs()] as TrainedModel::predict() has them, and their
  // loss, a mean over batches by their examples. The examples must outlive this object: what a head
  // alone reads of them is computed once.
  struct Predictions {
    std::vector<float> values;
    std::int64_t columns = 0;
    std::int64_t vector_width = 0;  // of the columns, the first so many
    double loss = 0;

    ConstMatrixView rows() const {
      return {values.data(), std::ssize(values) / columns, columns, columns};
    }
    ConstMatrixView vectors() const { return rows().column_range(0, vector_width); }
    ConstMatrixView of_head() const {
      return rows().column_range(vector_width, columns - vector_width);
    }
  };
  Predictions predict(const Examples& examples);

  const Parameters& parameters() const { return parameters_; }

  // Are outputs for the first batch of the examples numbers?
  bool gives_numbers();

  // Those that are trained.
  SavedParameters save_parameters() { return convbert::save_parameters(state()); }
  void restore(const SavedParameters& saved);

  // What a step changes.
  std::vector<StateTensor> state();
  // After state() has been filled with that of a run after so many steps.
  void take_up(std::int64_t steps);

 private:
  // Of a head alone: the rows that the head reads, of example e from first[e] to first[e + 1].
  struct Features {
    std::vector<float> values;
    std::vector<std::int64_t> first{0};
  };
  const Features& features_of(const Examples& examples);
  double add_gradients(const LearningBatch& batch, std::span<const std::uint32_t> chosen);
  // outputs: [batch.rows(), outputs()]. chosen: examples in their order, each with its next.
  void predict_batch(const Examples& examples, const LearningBatch& batch,
                     std::span<const std::uint32_t> chosen, MatrixView outputs);
  std::span<const std::uint32_t> next_examples();
  void repack();  // what a step has changed

  FineTuningOptions options_;
  Parameters parameters_;
  Gradients gradients_;
  TrainedModel model_;
  AdamW optimizer_;
  const Examples& examples_;
  std::int64_t steps_of_epoch_;
  std::int64_t all_steps_;
  std::vector<std::uint32_t> order_;
  std::int64_t epoch_of_order_ = -1;
  std::map<const Examples*, Features> features_;
};

}  // namespace convbert
