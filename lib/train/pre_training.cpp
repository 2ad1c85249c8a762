#include "train/pre_training.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "metrics/roc.h"
#include "model/useful_flops.h"
#include "nn/dropout.h"
#include "nn/row_loops.h"
#include "train/losses.h"

namespace convbert {
namespace {

constexpr std::int64_t kMeasuredTokens = 1024;  // together, so that logits stay few

// What random numbers are for, beside dropout of the model itself.
enum class Purpose : std::uint64_t { generator = 0x70726574, draw, held_out };
std::uint64_t seed_for(Purpose purpose, std::uint64_t seed) {
  return nn::random_key({seed, static_cast<std::uint64_t>(purpose)});
}

// Calls visit(one, other) for the tensors that a generator shares with its discriminator.
template <class Held, class Visit>
void for_each_shared(BasicEncoderWeights<Held>& one, BasicEncoderWeights<Held>& other,
                     Visit visit) {
  visit(one.words, other.words);
  visit(one.positions, other.positions);
  visit(one.types, other.types);
  visit(one.embedding_norm.scale, other.embedding_norm.scale);
  visit(one.embedding_norm.shift, other.embedding_norm.shift);
}

// Exchanges the gradients of shared tensors with what is kept aside: an optimizer and a norm pass
// over tensors without gradients.
using SharedGradients = std::array<std::vector<float>, 5>;
void swap_shared(BasicEncoderWeights<Gradient>& gradients, SharedGradients& aside) {
  std::size_t next = 0;
  for_each_shared(gradients, gradients, [&](Gradient& gradient, Gradient&) {
    std::swap(gradient.floats, aside.at(next++));
  });
}
SharedGradients take_shared(BasicEncoderWeights<Gradient>& gradients) {
  SharedGradients aside;
  swap_shared(gradients, aside);
  return aside;
}

std::vector<std::int32_t> drawn_of(const std::vector<WordGuess>& guesses) {
  std::vector<std::int32_t> drawn;
  for (const WordGuess& guess : guesses) drawn.push_back(guess.drawn);
  return drawn;
}

std::int64_t count_right(const std::vector<WordGuess>& guesses,
                         const std::vector<std::int32_t>& words) {
  std::int64_t right = 0;
  for (std::size_t i = 0; i < words.size(); ++i) right += guesses[i].best == words[i] ? 1 : 0;
  return right;
}

// logits: one a token; all but the loss.
ReplacedFigures replaced_figures(std::span<const float> logits, std::span<const float> targets) {
  ReplacedFigures figures{.tokens = std::ssize(targets), .auc = area_under_roc(logits, targets)};
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const bool is_replaced = targets[i] > 0.5f;
    const bool is_told = logits[i] > 0.0f;
    figures.right += is_told == is_replaced ? 1 : 0;
    figures.replaced += is_replaced ? 1 : 0;
    figures.found += is_replaced && is_told ? 1 : 0;
  }
  return figures;
}

// A mean over parts, from their means.
double joined_mean(double mean, std::int64_t count, double more, std::int64_t more_count) {
  const auto all = static_cast<double>(count + more_count);
  if (all == 0.0) return 0.0;
  return (mean * static_cast<double>(count) + more * static_cast<double>(more_count)) / all;
}

}  // namespace

PreTraining::Learner::Learner(LearningModel from, const AdamWOptions& adam, Embeddings embeddings)
    : config(std::move(from.config)),
      head(from.options.head),
      parameters(std::move(from.parameters)),
      gradients(allocate_gradients(parameters)),
      aside(embeddings == Embeddings::shared ? take_shared(gradients.encoder) : SharedGradients()),
      model(config, parameters, from.options),
      optimizer(parameters, gradients, adam) {}

PreTraining::PreTraining(LearningModel model, std::optional<LearningModel> generator,
                         const PreTrainingOptions& options)
    : options_(options),
      vocabulary_loss_(options.vocabulary.size),
      model_(std::move(model), options.optimizer, Embeddings::own) {
  if (generator) {
    generator_.emplace(std::move(*generator), options.optimizer, Embeddings::shared);
    if (generator_->config.embedding_size != model_.config.embedding_size) {
      throw Error(ErrorKind::internal, "PreTraining: a generator with embeddings of another width");
    }
  }
  if (guesser().config.vocab_size != options.vocabulary.size) {
    throw Error(ErrorKind::internal, "PreTraining: a head of another vocabulary");
  }
  take_up(0);
}

void PreTraining::share_embeddings() {
  if (!generator_) return;
  for_each_shared(model_.parameters.encoder, generator_->parameters.encoder,
                  [](const Values& from, Values& to) { to.floats = from.floats; });
}

double PreTraining::flops(const Learner& learner, const Batch& batch, std::int64_t rows) const {
  std::int64_t forward =
      useful_head_flops(*learner.head, learner.config, learner.model.outputs(), rows);
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
    forward += useful_flops(learner.config, batch.length(s));
  }
  return 3.0 * static_cast<double>(forward);
}

LossFunction PreTraining::word_loss(const MaskedBatch& masked, std::uint64_t key,
                                    std::span<WordGuess> guesses) const {
  const float weight = 1.0f / static_cast<float>(std::max<std::size_t>(masked.words.size(), 1));
  return [this, &masked, key, guesses, weight](std::int64_t first_row, ConstMatrixView outputs,
                                               MatrixView gradient) {
    const auto first = static_cast<std::size_t>(first_row);
    const auto count = static_cast<std::size_t>(outputs.rows);
    return vocabulary_loss_(outputs,
                            {.words = std::span(masked.words).subspan(first, count),
                             .weight = weight,
                             .key = key,
                             .first = first_row,
                             .guesses = guesses.subspan(first, count)},
                            gradient);
  };
}

ReplacedFigures PreTraining::add_replaced_gradients(const ReplacedBatch& replaced) {
  const std::size_t tokens = replaced.targets.size();
  const std::vector<float> weights(
      tokens, static_cast<float>(options_.discriminator_weight / static_cast<double>(tokens)));
  std::vector<float> logits(tokens);
  const LossFunction loss = [&](std::int64_t first_row, ConstMatrixView outputs,
                                MatrixView gradient) {
    const auto first = static_cast<std::size_t>(first_row);
    for (std::int64_t row = 0; row < outputs.rows; ++row) {
      logits[first + static_cast<std::size_t>(row)] = outputs.row(row)[0];
    }
    return binary_cross_entropy(
        outputs, {replaced.targets.data() + first, outputs.rows, 1, 1},
        std::span(weights).subspan(first, static_cast<std::size_t>(outputs.rows)), gradient);
  };
  const double sum = model_.model.add_gradients(
      replaced.training, loss, model_.gradients,
      {.place = {options_.seed, static_cast<std::uint64_t>(steps())}, .threads = options_.threads});
  ReplacedFigures figures = replaced_figures(logits, replaced.targets);
  figures.loss = sum / options_.discriminator_weight;
  return figures;
}

PreTrainingFigures PreTraining::add_gradients(const Batch& batch, const MaskedBatch& masked,
                                              std::span<const std::int32_t> drawn,
                                              PreTrainingStep& step) {
  const auto number = static_cast<std::uint64_t>(steps());
  Learner& guessing = guesser();
  PreTrainingFigures figures;
  std::vector<WordGuess> guesses(masked.words.size());
  if (!guesses.empty()) {
    const std::uint64_t key = nn::random_key({seed_for(Purpose::draw, options_.seed), number});
    const std::uint64_t seed =
        generator_ ? seed_for(Purpose::generator, options_.seed) : options_.seed;
    figures.words.loss = guessing.model.add_gradients(
        masked.training, word_loss(masked, key, guesses), guessing.gradients,
        {.place = {seed, number}, .threads = options_.threads});
    fold_tied(guessing.parameters, guessing.gradients);
  }
  figures.words.words = std::ssize(masked.words);
  figures.words.right = count_right(guesses, masked.words);
  figures.loss = figures.words.loss;
  step.flops += flops(guessing, batch, figures.words.words);
  if (!generator_) return figures;

  for_each_shared(model_.gradients.encoder, generator_->gradients.encoder,
                  [](Gradient& to, const Gradient& from) {
                    nn::add_in_place(to.floats.data(), from.floats.data(), std::ssize(to.floats));
                  });
  const std::vector<std::int32_t> own =
      drawn.empty() ? drawn_of(guesses) : std::vector(drawn.begin(), drawn.end());
  figures.replaced = add_replaced_gradients(replace_tokens(batch, masked, own));
  figures.loss += options_.discriminator_weight * figures.replaced.loss;
  step.flops += flops(model_, batch, batch.tokens());
  return figures;
}

PreTrainingStep PreTraining::step(const Batch& batch) {
  const RandomPlace place{options_.seed, static_cast<std::uint64_t>(steps())};
  return step(batch, mask_tokens(batch, options_.masking, options_.vocabulary, place), {});
}

PreTrainingStep PreTraining::step(const Batch& batch, const MaskedBatch& masked,
                                  std::span<const std::int32_t> drawn) {
  PreTrainingStep step{.tokens = batch.tokens()};
  step.learning_rate = options_.learning_rate *
                       rate_at({.schedule = options_.schedule,
                                .steps = options_.steps,
                                .warmup_steps = static_cast<std::int64_t>(std::llround(
                                    options_.warmup * static_cast<double>(options_.steps)))},
                               steps());
  clear(model_.gradients);
  if (generator_) {
    swap_shared(generator_->gradients.encoder, generator_->aside);
    clear(generator_->gradients);
  }
  step.figures = add_gradients(batch, masked, drawn, step);
  if (generator_) swap_shared(generator_->gradients.encoder, generator_->aside);
  step.gradient_norm = norm(model_.gradients);
  if (generator_) step.gradient_norm = std::hypot(step.gradient_norm, norm(generator_->gradients));
  if (!std::isfinite(step.figures.loss) || !std::isfinite(step.gradient_norm)) return step;

  const double scale = clip_scale(step.gradient_norm, options_.clip);
  for (Learner* learner : {&model_, generator_ ? &*generator_ : nullptr}) {
    if (learner == nullptr) continue;
    learner->optimizer.step(learner->parameters, learner->gradients, step.learning_rate, scale,
                            options_.threads);
  }
  take_up(steps());
  return step;
}

PreTrainingFigures PreTraining::measure(const Batch& sequences) {
  PreTrainingFigures all;
  const std::uint64_t seed = seed_for(Purpose::held_out, options_.seed);
  Learner& guessing = guesser();
  std::vector<float> outputs;
  std::vector<float> unused;
  std::vector<float> replaced_logits;
  std::vector<float> replaced_targets;
  double replaced_loss = 0.0;
  for (std::int64_t first = 0; first < sequences.sequences();) {
    Batch batch;
    const auto place = static_cast<std::uint64_t>(first);
    do {
      batch.append(sequences, first++);
    } while (first < sequences.sequences() &&
             batch.tokens() + sequences.length(first) <= kMeasuredTokens);
    const MaskedBatch masked =
        mask_tokens(batch, options_.masking, options_.vocabulary, {.seed = seed, .step = place});
    std::vector<WordGuess> guesses(masked.words.size());
    const auto rows = std::ssize(masked.words);
    if (rows > 0) {
      const std::int64_t columns = guessing.model.outputs();
      outputs.resize(static_cast<std::size_t>(rows * columns));
      unused.resize(outputs.size());
      const MatrixView logits{outputs.data(), rows, columns, columns};
      guessing.model.predict(masked.training, options_.threads, logits);
      const double loss = word_loss(masked, nn::random_key({seed, place}), guesses)(
          0, logits, {unused.data(), rows, columns, columns});
      all.words.loss = joined_mean(all.words.loss, all.words.words, loss, rows);
      all.words.words += rows;
      all.words.right += count_right(guesses, masked.words);
    }
    if (!generator_) continue;
    const ReplacedBatch replaced = replace_tokens(batch, masked, drawn_of(guesses));
    const std::int64_t tokens = batch.tokens();
    outputs.resize(static_cast<std::size_t>(tokens));
    unused.resize(outputs.size());
    const MatrixView logits{outputs.data(), tokens, 1, 1};
    model_.model.predict(replaced.training, options_.threads, logits);
    const std::vector<float> weights(replaced.targets.size(), 1.0f / static_cast<float>(tokens));
    const double loss = binary_cross_entropy(logits, {replaced.targets.data(), tokens, 1, 1},
                                             weights, {unused.data(), tokens, 1, 1});
    replaced_loss = joined_mean(replaced_loss, std::ssize(replaced_logits), loss, tokens);
    replaced_logits.insert(replaced_logits.end(), outputs.begin(), outputs.end());
    replaced_targets.insert(replaced_targets.end(), replaced.targets.begin(),
                            replaced.targets.end());
  }
  all.replaced = replaced_figures(replaced_logits, replaced_targets);
  all.replaced.loss = replaced_loss;
  all.loss =
      all.words.loss + (generator_ ? options_.discriminator_weight * all.replaced.loss : 0.0);
  return all;
}

std::vector<StateTensor> PreTraining::state() {
  std::vector<StateTensor> tensors;
  add_state(model_.parameters, model_.gradients, model_.optimizer, "", tensors);
  if (generator_) {
    add_state(generator_->parameters, generator_->gradients, generator_->optimizer, "generator.",
              tensors);
  }
  return tensors;
}

void PreTraining::restore(const SavedParameters& saved) {
  restore_parameters(saved, state());
  take_up(steps());
}

void PreTraining::take_up(std::int64_t steps) {
  model_.optimizer.set_steps(steps);
  share_embeddings();
  model_.model.repack(model_.parameters, options_.threads);
  if (!generator_) return;
  generator_->optimizer.set_steps(steps);
  generator_->model.repack(generator_->parameters, options_.threads);
}

}  // namespace convbert
