// A model that learns from text alone, step by step: to guess masked words (BERT: Devlin et al.
// 2019), or to tell which words a small generator has replaced (ELECTRA: Clark et al. 2020).
// Whatever it has come to follows from the model, the batches, the options and the number of steps:
// not from threads, nor from being stopped and taken up.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "train/masking.h"
#include "train/optimizer.h"
#include "train/trained_model.h"
#include "train/vocabulary_loss.h"

namespace convbert {

struct PreTrainingOptions {
  MaskingRule masking{};
  MaskingVocabulary vocabulary{};
  double discriminator_weight = 50.0;  // of its loss beside the generator's
  std::int64_t steps = 1;              // of the whole run
  double learning_rate = 5e-4;
  double warmup = 0.1;  // share of the steps
  Schedule schedule = Schedule::linear;
  AdamWOptions optimizer{.epsilon = 1e-6};
  double clip = 1.0;  // of the norm of all gradients; 0 for none
  std::uint64_t seed = 1;
  int threads = 1;
};

// A model and its head, options.head, which must outlive this.
struct LearningModel {
  ModelConfig config;
  TrainedModelOptions options;
  Parameters parameters;
};

// How well masked words are guessed.
struct WordFigures {
  std::int64_t words = 0;
  std::int64_t right = 0;  // the most probable word is the one that stood there
  double loss = 0.0;       // a mean over them
};

// How well replaced words are told from original ones.
struct ReplacedFigures {
  std::int64_t tokens = 0;
  std::int64_t right = 0;     // told to be what they are, at a probability of 1/2
  std::int64_t replaced = 0;  // of the tokens
  std::int64_t found = 0;     // of the replaced ones
  double loss = 0.0;          // a mean over the tokens
  double auc = 0.0;           // metrics/roc.h
};

struct PreTrainingFigures {
  double loss = 0.0;  // that is made small
  WordFigures words{};
  ReplacedFigures replaced{};  // of no tokens without a generator
};

struct PreTrainingStep {
  PreTrainingFigures figures{};
  double learning_rate = 0.0;
  double gradient_norm = 0.0;  // before clipping
  std::int64_t tokens = 0;
  double flops = 0.0;  // useful ones (model/useful_flops.h), forward and twice that backward
};

class PreTraining {
 public:
  // Without a generator `model` has a head over the vocabulary, which guesses masked words. With
  // one, that is the generator's, and `model` has a head for replaced words; word, position and
  // type embeddings and their norm are the model's for both, as ELECTRA's authors have them, and
  // the generator's own are of no account.
  PreTraining(LearningModel model, std::optional<LearningModel> generator,
              const PreTrainingOptions& options);
  PreTraining(const PreTraining&) = delete;
  PreTraining& operator=(const PreTraining&) = delete;

  std::int64_t steps() const { return model_.optimizer.steps(); }
  bool is_done() const { return steps() >= options_.steps; }

  // Learns from a batch of sequences, masked anew. Where the loss or the gradient is no number,
  // nothing is changed. Throws Error(input) for ids and lengths that the model has no embedding
  // for.
  PreTrainingStep step(const Batch& batch);
  // The same from given masks and words in their places, one a masked token; none: the generator's.
  PreTrainingStep step(const Batch& batch, const MaskedBatch& masked,
                       std::span<const std::int32_t> drawn);

  // On sequences that it does not learn from, without dropout, with the same masks each time.
  PreTrainingFigures measure(const Batch& sequences);

  const Parameters& parameters() const { return model_.parameters; }
  const Parameters* generator() const { return generator_ ? &generator_->parameters : nullptr; }

  SavedParameters save_parameters() { return convbert::save_parameters(state()); }
  void restore(const SavedParameters& saved);

  // What a step changes.
  std::vector<StateTensor> state();
  // After state() has been filled with that of a run after so many steps.
  void take_up(std::int64_t steps);

 private:
  enum class Embeddings { own, shared };
  struct Learner {
    Learner(LearningModel from, const AdamWOptions& adam, Embeddings embeddings);

    ModelConfig config;
    const HeadForm* head;
    Parameters parameters;
    Gradients gradients;
    std::array<std::vector<float>, 5> aside;  // gradients of shared tensors, while none are added
    TrainedModel model;
    AdamW optimizer;
  };
  Learner& guesser() { return generator_ ? *generator_ : model_; }
  void share_embeddings();
  double flops(const Learner& learner, const Batch& batch, std::int64_t rows) const;
  LossFunction word_loss(const MaskedBatch& masked, std::uint64_t key,
                         std::span<WordGuess> guesses) const;
  PreTrainingFigures add_gradients(const Batch& batch, const MaskedBatch& masked,
                                   std::span<const std::int32_t> drawn, PreTrainingStep& step);
  ReplacedFigures add_replaced_gradients(const ReplacedBatch& replaced);

  PreTrainingOptions options_;
  VocabularyLoss vocabulary_loss_;
  Learner model_;
  std::optional<Learner> generator_;
};

}  // namespace convbert
