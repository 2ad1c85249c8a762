#include "train/fine_tuning.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/error.h"
#include "train/losses.h"

namespace convbert {
namespace {

constexpr std::int64_t kTogether = 64;  // examples whose outputs are computed at a time

// Calls visit(batch, chosen) for all examples, in their order.
template <class Visit>
void for_each_batch(const Examples& examples, Objective objective, const LossOptions& options,
                    std::int64_t vector_width, Visit visit) {
  std::vector<std::uint32_t> all(static_cast<std::size_t>(examples.size()));
  std::iota(all.begin(), all.end(), 0U);
  std::span<const std::uint32_t> left = all;
  while (!left.empty()) {
    const auto chosen = left.first(std::min<std::size_t>(left.size(), kTogether));
    left = left.subspan(chosen.size());
    visit(LearningBatch(examples, objective, chosen, options, vector_width), chosen);
  }
}

}  // namespace

FineTuning::FineTuning(const ModelConfig& config, const TrainedModelOptions& model,
                       Parameters parameters, const Examples& examples,
                       const FineTuningOptions& options)
    : options_(options),
      parameters_(std::move(parameters)),
      gradients_(allocate_gradients(parameters_, model.freeze)),
      model_(config, parameters_, model),
      optimizer_(parameters_, gradients_, options.optimizer),
      examples_(examples),
      steps_of_epoch_((examples.size() + options.batch_size - 1) / options.batch_size),
      all_steps_(options.most_steps > 0
                     ? std::min(options.most_steps, options.epochs * steps_of_epoch_)
                     : options.epochs * steps_of_epoch_) {
  model_.repack(parameters_, options_.threads);
}

void FineTuning::repack() {
  options_.head_alone ? model_.repack_head(parameters_)
                      : model_.repack(parameters_, options_.threads);
}

const FineTuning::Features& FineTuning::features_of(const Examples& examples) {
  const auto [entry, is_new] = features_.try_emplace(&examples);
  Features& features = entry->second;
  if (!is_new) return features;
  const std::int64_t width = model_.feature_width();
  const auto add = [&](const LearningBatch& batch, std::span<const std::uint32_t> chosen) {
    const std::int64_t first = features.first.back();
    const std::int64_t rows = batch.rows();
    features.values.resize(static_cast<std::size_t>((first + rows) * width));
    model_.read_features(batch.training(), options_.threads,
                         {features.values.data() + first * width, rows, width, width});
    const auto& [sequences, tokens, group] = batch.training();
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const auto s = static_cast<std::int64_t>(i);
      const std::int64_t own = options_.objective != Objective::token_labels
                                   ? 1
                                   : std::ranges::lower_bound(tokens, sequences.start(s + 1)) -
                                         std::ranges::lower_bound(tokens, sequences.start(s));
      features.first.push_back(features.first.back() + own);
    }
  };
  for_each_batch(examples, options_.objective, options_.loss, model_.vector_width(), add);
  return features;
}

std::span<const std::uint32_t> FineTuning::next_examples() {
  if (epoch() != epoch_of_order_) {
    epoch_of_order_ = epoch();
    order_ = order_of_epoch(examples_.size(), options_.seed, epoch_of_order_);
  }
  const auto first = static_cast<std::size_t>(steps() % steps_of_epoch_ * options_.batch_size);
  return std::span(order_).subspan(
      first, std::min(order_.size() - first, static_cast<std::size_t>(options_.batch_size)));
}

double FineTuning::add_gradients(const LearningBatch& batch,
                                 std::span<const std::uint32_t> chosen) {
  const RandomPlace place{options_.seed, static_cast<std::uint64_t>(steps())};
  if (!options_.head_alone) {
    return model_.add_gradients(
        batch.training(), batch.loss(), gradients_,
        {.place = place, .scope = batch.scope(), .threads = options_.threads});
  }
  const std::int64_t width = model_.feature_width();
  const Features& all = features_of(examples_);
  std::vector<float> features;
  for (const std::uint32_t example : chosen) {
    features.insert(features.end(), all.values.begin() + all.first[example] * width,
                    all.values.begin() + all.first[example + 1] * width);
  }
  return model_.add_head_gradients({features.data(), batch.rows(), width, width}, batch.loss(),
                                   gradients_, place);
}

StepFigures FineTuning::step() {
  const auto chosen = next_examples();
  const LearningBatch batch(examples_, options_.objective, chosen, options_.loss,
                            model_.vector_width());
  StepFigures figures{};
  figures.tokens = batch.training().batch.tokens();
  figures.learning_rate =
      options_.learning_rate * rate_at({.schedule = options_.schedule,
                                        .steps = all_steps_,
                                        .warmup_steps = static_cast<std::int64_t>(std::llround(
                                            options_.warmup * static_cast<double>(all_steps_)))},
                                       steps());
  clear(gradients_);
  // A text without a labelled token teaches nothing.
  if (batch.rows() > 0) figures.loss = add_gradients(batch, chosen);
  fold_tied(parameters_, gradients_);
  figures.gradient_norm = norm(gradients_);
  if (!std::isfinite(figures.loss) || !std::isfinite(figures.gradient_norm)) return figures;
  optimizer_.step(parameters_, gradients_, figures.learning_rate,
                  clip_scale(figures.gradient_norm, options_.clip), options_.threads);
  repack();
  return figures;
}

void FineTuning::predict_batch(const Examples& examples, const LearningBatch& batch,
                               std::span<const std::uint32_t> chosen, MatrixView outputs) {
  if (!options_.head_alone) return model_.predict(batch.training(), options_.threads, outputs);
  const Features& features = features_of(examples);
  const std::int64_t width = model_.feature_width();
  const std::int64_t row = features.first[chosen.front()];
  model_.predict_from({features.values.data() + row * width, outputs.rows, width, width}, outputs);
}

bool FineTuning::gives_numbers() {
  std::vector<std::uint32_t> chosen(
      static_cast<std::size_t>(std::min(options_.batch_size, examples_.size())));
  std::iota(chosen.begin(), chosen.end(), 0U);
  const LearningBatch batch(examples_, options_.objective, chosen, options_.loss,
                            model_.vector_width());
  const std::int64_t columns = model_.outputs();
  std::vector<float> values(static_cast<std::size_t>(batch.rows() * columns));
  if (!values.empty()) {
    predict_batch(examples_, batch, chosen, {values.data(), batch.rows(), columns, columns});
  }
  return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
}

FineTuning::Predictions FineTuning::predict(const Examples& examples) {
  Predictions predictions{
      .values = {}, .columns = model_.outputs(), .vector_width = model_.vector_width()};
  const std::int64_t columns = predictions.columns;
  double sum = 0;
  const auto add = [&](const LearningBatch& batch, std::span<const std::uint32_t> chosen) {
    const std::int64_t rows = batch.rows();
    if (rows == 0) return;
    const std::size_t first = predictions.values.size();
    predictions.values.resize(first + static_cast<std::size_t>(rows * columns));
    const MatrixView outputs{predictions.values.data() + first, rows, columns, columns};
    predict_batch(examples, batch, chosen, outputs);
    std::vector<float> unused(static_cast<std::size_t>(rows * columns));
    sum += static_cast<double>(chosen.size()) *
           batch.loss()(0, outputs, {unused.data(), rows, columns, columns});
  };
  for_each_batch(examples, options_.objective, options_.loss, model_.vector_width(), add);
  predictions.loss = sum / static_cast<double>(examples.size());
  return predictions;
}

std::vector<StateTensor> FineTuning::state() {
  std::vector<StateTensor> tensors;
  add_state(parameters_, gradients_, optimizer_, "", tensors);
  return tensors;
}

void FineTuning::restore(const SavedParameters& saved) {
  restore_parameters(saved, state());
  repack();
}

void FineTuning::take_up(std::int64_t steps) {
  if (steps < 0 || steps > all_steps_) {
    throw Error(ErrorKind::internal, concat("FineTuning: ", steps, " steps of ", all_steps_));
  }
  optimizer_.set_steps(steps);
  repack();
}

}  // namespace convbert
