// AdamW's rules beside the reference runs of tests/golden/training_test.cpp, and schedules.
#include "train/optimizer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "train/sample_training.h"

namespace convbert {
namespace {

// Parameters after one step with gradients of zero: what only decay moves.
Parameters decayed(const AdamWOptions& options) {
  const ModelConfig config = sample_config();
  Parameters parameters = sample_parameters(config, nullptr, 0);
  const Gradients gradients = allocate_gradients(parameters);
  AdamW(parameters, gradients, options).step(parameters, gradients, 0.1, 1.0, 2);
  return parameters;
}

TEST_CASE("weights decay, biases and norms do not, unless everything does") {
  const Parameters before = sample_parameters(sample_config(), nullptr, 0);
  const auto check = [&](const Values& found, const Values& from, float factor) {
    for (std::size_t i = 0; i < from.floats.size(); ++i) {
      CHECK(found.floats[i] == doctest::Approx(from.floats[i] * factor).epsilon(1e-6));
    }
  };
  const auto& kept = before.encoder;
  const Parameters matrices = decayed({.weight_decay = 0.5});
  check(matrices.encoder.words, kept.words, 0.95f);
  check(matrices.encoder.layers[1].query.weight, kept.layers[1].query.weight, 0.95f);
  check(matrices.encoder.layers[1].convolution->span->depthwise,
        kept.layers[1].convolution->span->depthwise, 0.95f);
  check(matrices.encoder.layers[1].query.bias, kept.layers[1].query.bias, 1.0f);
  check(matrices.encoder.embedding_norm.scale, kept.embedding_norm.scale, 1.0f);
  const Parameters all = decayed({.weight_decay = 0.5, .decays = DecayOf::everything});
  check(all.encoder.layers[1].query.bias, kept.layers[1].query.bias, 0.95f);
  const Parameters by_layer = decayed({.weight_decay = 0.5, .layer_decay = 0.5});
  check(by_layer.encoder.layers[1].query.weight, kept.layers[1].query.weight, 0.975f);
  check(by_layer.encoder.layers[0].query.weight, kept.layers[0].query.weight, 0.9875f);
  check(by_layer.encoder.words, kept.words, 0.99375f);
}

TEST_CASE("a first step goes by the learning rate against the sign of the gradient") {
  Parameters parameters = sample_parameters(sample_config(), nullptr, 0);
  Gradients gradients = allocate_gradients(parameters);
  gradients.encoder.words.floats[5] = 4.0f;
  gradients.encoder.words.floats[6] = -0.25f;
  const std::vector<float> before = parameters.encoder.words.floats;
  AdamW(parameters, gradients, {.weight_decay = 0.0}).step(parameters, gradients, 1e-2, 0.5, 1);
  CHECK(parameters.encoder.words.floats[5] == doctest::Approx(before[5] - 1e-2f));
  CHECK(parameters.encoder.words.floats[6] == doctest::Approx(before[6] + 1e-2f));
  CHECK(parameters.encoder.words.floats[7] == before[7]);
}

TEST_CASE("clipping leaves small gradients alone") {
  CHECK(clip_scale(0.5, 1.0) == 1.0);
  CHECK(clip_scale(4.0, 1.0) == doctest::Approx(0.25));
  CHECK(clip_scale(4.0, 0.0) == 1.0);
}

TEST_CASE("schedules rise over the warm-up, then fall or stay") {
  const auto rates = [](Schedule schedule) {
    std::vector<double> found;
    for (std::int64_t step = 0; step <= 12; ++step)
      found.push_back(rate_at({schedule, 12, 4}, step));
    return found;
  };
  const std::vector<double> linear = rates(Schedule::linear);
  CHECK(linear[0] == 0.25);
  CHECK(linear[3] == 1.0);
  CHECK(linear[4] == 1.0);
  CHECK(linear[8] == doctest::Approx(0.5));
  CHECK(linear[12] == 0.0);
  const std::vector<double> cosine = rates(Schedule::cosine);
  CHECK(cosine[6] == doctest::Approx(0.5 * (1 + std::cos(M_PI / 4))));
  CHECK(cosine[12] == doctest::Approx(0.0));
  CHECK(rates(Schedule::constant)[11] == 1.0);
}

TEST_CASE("a new head: normal weights, zero biases, the same for the same seed") {
  const ModelConfig config = sample_config();
  const HeadForm& form = *form_of(HeadKind::masked_lm, Family::convbert);
  Parameters parameters = sample_parameters(config, nullptr, 0);
  add_new_head(parameters, config, form, config.vocab_size, 5);
  const std::vector<float> dense = parameters.head->dense->weight.floats;
  double squares = 0;
  for (const float value : dense) squares += value * value;
  CHECK(std::sqrt(squares / static_cast<double>(dense.size())) ==
        doctest::Approx(0.02).epsilon(0.2));
  CHECK(std::ranges::count(parameters.head->norm->scale.floats, 1.0f) == 8);
  CHECK(std::ranges::count(parameters.head->dense->bias.floats, 0.0f) == 8);
  CHECK(&output_weight(parameters) == &parameters.encoder.words);
  add_new_head(parameters, config, form, config.vocab_size, 5);
  CHECK(parameters.head->dense->weight.floats == dense);
  add_new_head(parameters, config, form, config.vocab_size, 6);
  CHECK(parameters.head->dense->weight.floats != dense);
}

}  // namespace
}  // namespace convbert
