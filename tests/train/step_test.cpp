// One step of training: the same bytes on any number of threads, however a batch is cut, and a
// gradient that tells how the loss changes.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/error.h"
#include "train/losses.h"
#include "train/optimizer.h"
#include "train/sample_training.h"

namespace convbert {
namespace {

const HeadForm& classifier() {
  return *form_of(HeadKind::sequence_classification, Family::convbert);
}

// Cross-entropy of sequences, whose labels follow from their numbers.
LossFunction classification(std::int64_t sequences) {
  return [sequences](std::int64_t first, ConstMatrixView logits, MatrixView gradient) {
    std::vector<std::int32_t> labels;
    for (std::int64_t row = 0; row < logits.rows; ++row) {
      labels.push_back(static_cast<std::int32_t>((first + row) % logits.columns));
    }
    const std::vector<float> weights(labels.size(), 1.0f / static_cast<float>(sequences));
    return cross_entropy(logits, labels, weights, {}, gradient);
  };
}

LossFunction negatives() {
  return [](std::int64_t, ConstMatrixView vectors, MatrixView gradient) {
    return in_batch_negatives(vectors, 0.2f, gradient);
  };
}

std::vector<float> flat(const Gradients& gradients) {
  std::vector<float> all;
  const auto add = [&](const Gradient& gradient) {
    all.insert(all.end(), gradient.floats.begin(), gradient.floats.end());
  };
  for_each_tensor(add, gradients);
  return all;
}

bool same_bytes(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

constexpr DropoutRates kDropout{.hidden = 0.1f, .attention = 0.2f, .head = 0.1f};

TEST_CASE("three steps give the same bytes on one, two and five threads") {
  const ModelConfig config = sample_config();
  const TrainingBatch training = sample_batch(config, 130);
  REQUIRE(cut(training.batch).size() == 8);
  for (const LossScope scope : {LossScope::slice, LossScope::batch}) {
    const bool classifies = scope == LossScope::slice;
    const HeadForm* head = classifies ? &classifier() : nullptr;
    std::vector<float> expected;
    double expected_loss = 0;
    for (const int threads : {1, 2, 5}) {
      Parameters parameters = sample_parameters(config, head, 3);
      Gradients gradients = allocate_gradients(parameters);
      TrainedModel model(config, parameters, {.head = head, .dropout = kDropout});
      AdamW optimizer(parameters, gradients, {});
      double loss = 0;
      for (std::uint64_t step = 0; step < 3; ++step) {
        clear(gradients);
        model.repack(parameters, threads);
        loss +=
            model.add_gradients(training, classifies ? classification(130) : negatives(), gradients,
                                {.place = {7, step}, .scope = scope, .threads = threads});
        optimizer.step(parameters, gradients, 1e-2, clip_scale(norm(gradients), 1.0), threads);
      }
      std::vector<float> found = flat(gradients);
      for_each_tensor(
          [&](const Values& values) {
            found.insert(found.end(), values.floats.begin(), values.floats.end());
          },
          parameters);
      if (threads == 1) {
        expected = found;
        expected_loss = loss;
        CHECK(std::ranges::count(found, 0.0f) < std::ssize(found) / 2);
      }
      INFO(threads, " threads");
      CHECK(same_bytes(found, expected));
      CHECK(loss == expected_loss);
    }
  }
}

// Moves every parameter along its gradient, and sees whether the loss follows.
void check_slope(const ModelConfig& config, const TrainedModelOptions& options,
                 const TrainingBatch& training, const LossFunction& loss, const StepOptions& step) {
  Parameters parameters = sample_parameters(config, options.head, 3);
  Gradients gradients = allocate_gradients(parameters);
  TrainedModel model(config, parameters, options);
  model.repack(parameters, 1);
  model.add_gradients(training, loss, gradients, step);
  fold_tied(parameters, gradients);
  const double slope = norm(gradients);
  REQUIRE(slope > 1e-3);
  const auto loss_at = [&](double shift) {
    Parameters moved = parameters;
    const auto move = [&](Values& values, const Gradient& gradient) {
      for (std::size_t i = 0; i < values.floats.size(); ++i) {
        values.floats[i] += static_cast<float>(shift / slope * gradient.floats[i]);
      }
    };
    for_each_tensor(move, moved, gradients);
    Gradients unused = allocate_gradients(moved);
    model.repack(moved, 1);
    return model.add_gradients(training, loss, unused, step);
  };
  const auto difference = [&](double distance) {
    return (loss_at(distance) - loss_at(-distance)) / (2 * distance);
  };
  // What the third derivative adds to each cancels (Richardson 1911).
  const double found = (4 * difference(0.02) - difference(0.04)) / 3;
  CHECK(found == doctest::Approx(slope).epsilon(0.005));
}

TEST_CASE("the gradient is the slope of the loss: heads and sentence vectors, with dropout") {
  const ModelConfig config = sample_config();
  TrainingBatch training = sample_batch(config, 12);
  const StepOptions whole{.place = {3, 1}, .scope = LossScope::batch};
  for (const DropoutRates& rates : {DropoutRates{}, kDropout}) {
    check_slope(config, {.head = &classifier(), .dropout = rates}, training, classification(12),
                {.place = {3, 1}});
    for (const Pooling pooling : {Pooling::mean, Pooling::cls}) {
      check_slope(config, {.pooling = pooling, .dropout = rates}, training, negatives(), whole);
    }
    training.rows = {0, 3, 4, 9, 20, training.batch.tokens() - 1};
    const LossFunction tokens = classification(6);
    check_slope(
        config,
        {.head = form_of(HeadKind::token_classification, Family::convbert), .dropout = rates},
        training, tokens, {.place = {3, 1}});
  }
}

TEST_CASE("the gradient is the slope of the loss: a head on the text's vector") {
  const ModelConfig config = sample_config();
  const TrainingBatch training = sample_batch(config, 12);
  for (const Pooling pooling : {Pooling::mean, Pooling::cls}) {
    for (const DropoutRates& rates : {DropoutRates{}, kDropout}) {
      check_slope(config, {.head = &vector_classifier_form(), .pooling = pooling, .dropout = rates},
                  training, classification(12), {.place = {3, 1}});
    }
  }
}

TEST_CASE("the gradient is the slope of the loss: vectors with a head's outputs behind them") {
  const ModelConfig config = sample_config();
  const TrainingBatch training = sample_batch(config, 12);
  // The first columns as vectors, the last three as logits.
  const LossFunction both = [&](std::int64_t first, ConstMatrixView outputs, MatrixView gradient) {
    REQUIRE(outputs.columns == config.hidden_size + 3);
    const auto width = config.hidden_size;
    return negatives()(first, outputs.column_range(0, width), gradient.column_range(0, width)) +
           classification(12)(first, outputs.column_range(width, 3),
                              gradient.column_range(width, 3));
  };
  for (const HeadForm* head : {&classifier(), &vector_classifier_form()}) {
    for (const Pooling pooling : {Pooling::mean, Pooling::cls}) {
      for (const DropoutRates& rates : {DropoutRates{}, kDropout}) {
        check_slope(config,
                    {.head = head, .gives_vectors = true, .pooling = pooling, .dropout = rates},
                    training, both, {.place = {3, 1}, .scope = LossScope::batch});
      }
    }
  }
}

TEST_CASE("vectors and a head's outputs are those of a model that has one of them") {
  const ModelConfig config = sample_config();
  const TrainingBatch training = sample_batch(config, 5);
  const Parameters parameters = sample_parameters(config, &classifier(), 3);
  const auto outputs_of = [&](const TrainedModelOptions& options) {
    TrainedModel model(config, parameters, options);
    model.repack(parameters, 1);
    std::vector<float> values(static_cast<std::size_t>(5 * model.outputs()));
    model.predict(training, 1, {values.data(), 5, model.outputs(), model.outputs()});
    return values;
  };
  const auto vectors = outputs_of({});
  const auto logits = outputs_of({.head = &classifier()});
  const auto both = outputs_of({.head = &classifier(), .gives_vectors = true});
  const auto width = static_cast<std::size_t>(config.hidden_size);
  REQUIRE(both.size() == vectors.size() + logits.size());
  for (std::size_t row = 0; row < 5; ++row) {
    const auto from = std::span(both).subspan(row * (width + 3), width + 3);
    CHECK(std::ranges::equal(from.first(width), std::span(vectors).subspan(row * width, width)));
    CHECK(std::ranges::equal(from.last(3), std::span(logits).subspan(row * 3, 3)));
  }
}

TEST_CASE("the gradient is the slope of the loss: convolutions of every kind") {
  for (const ConvolutionKind kind : {ConvolutionKind::dynamic, ConvolutionKind::lightweight}) {
    INFO(name_of(kind));
    const ModelConfig config = sample_config(kind);
    check_slope(config, {.head = &classifier()}, sample_batch(config, 12), classification(12), {});
  }
}

TEST_CASE("a batch that is cut has the gradient of its parts") {
  const ModelConfig config = sample_config();
  const TrainingBatch training = sample_batch(config, 60);
  REQUIRE(cut(training.batch).size() > 2);
  const Parameters parameters = sample_parameters(config, &classifier(), 3);
  TrainedModel model(config, parameters, {.head = &classifier()});
  model.repack(parameters, 1);
  Gradients whole = allocate_gradients(parameters);
  const double loss = model.add_gradients(training, classification(60), whole, {});

  Gradients sum = allocate_gradients(parameters);
  double loss_sum = 0;
  for (std::int64_t s = 0; s < 60; ++s) {
    const LossFunction one = [&](std::int64_t, ConstMatrixView logits, MatrixView gradient) {
      return classification(60)(s, logits, gradient);
    };
    loss_sum += model.add_gradients({take(training.batch, {s, 1})}, one, sum, {});
  }
  CHECK(loss == doctest::Approx(loss_sum).epsilon(1e-6));
  const std::vector<float> a = flat(whole);
  const std::vector<float> b = flat(sum);
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(std::abs(a[i] - b[i]) < 1e-6);
}

TEST_CASE("slices: whole groups, about as many tokens each, every sequence once") {
  const ModelConfig config = sample_config();
  for (const std::int64_t sequences : {1, 2, 40, 300, 1000}) {
    for (const std::int64_t group : {1, 2}) {
      if (sequences % group != 0) continue;
      const Batch batch = sample_batch(config, sequences).batch;
      std::int64_t next = 0;
      for (const Slice& slice : cut(batch, group)) {
        CHECK(slice.first == next);
        CHECK(slice.count % group == 0);
        CHECK(slice.count > 0);
        CHECK(take(batch, slice).tokens() < kMostSliceTokens + 2 * config.max_positions);
        next += slice.count;
      }
      CHECK(next == sequences);
    }
  }
  CHECK_THROWS_AS(cut(sample_batch(config, 3).batch, 2), Error);
}

TEST_CASE("few slices of few tokens, taller ones of more") {
  const std::pair<std::int64_t, std::size_t> expected[] = {{8, 1},    {248, 1},  {256, 2},
                                                           {520, 4},  {1024, 4}, {1280, 5},
                                                           {2048, 8}, {8192, 8}, {16384, 16}};
  const std::vector<std::int32_t> ids(8);
  for (const auto& [tokens, slices] : expected) {
    Batch batch;
    while (batch.tokens() < tokens) batch.append(ids, ids);
    INFO(batch.tokens());
    CHECK(cut(batch).size() == slices);
  }
}

TEST_CASE("what is frozen has no gradient and does not move; the rest has the same") {
  const ModelConfig config = sample_config();
  const TrainingBatch training = sample_batch(config, 5);
  const auto run = [&](const Freeze& freeze) {
    Parameters parameters = sample_parameters(config, &classifier(), 3);
    Gradients gradients = allocate_gradients(parameters, freeze);
    TrainedModel model(config, parameters, {.head = &classifier(), .freeze = freeze});
    model.repack(parameters, 1);
    model.add_gradients(training, classification(5), gradients, {});
    AdamW(parameters, gradients, {}).step(parameters, gradients, 1e-3, 1.0, 1);
    return std::pair(std::move(parameters), std::move(gradients));
  };
  const auto all = run({});
  const auto some = run({.embeddings = false, .layers = 1});
  const Parameters before = sample_parameters(config, &classifier(), 3);
  CHECK(some.first.encoder.words.floats == before.encoder.words.floats);
  CHECK(some.first.encoder.layers[0].query.weight.floats ==
        before.encoder.layers[0].query.weight.floats);
  CHECK(some.second.encoder.layers[0].query.weight.floats.empty());
  CHECK(some.first.encoder.layers[1].query.weight.floats ==
        all.first.encoder.layers[1].query.weight.floats);
  CHECK(all.first.encoder.words.floats != before.encoder.words.floats);
}

TEST_CASE("a slice that fails ends the step, on any number of threads") {
  const ModelConfig config = sample_config();
  const TrainingBatch training = sample_batch(config, 130);
  const Parameters parameters = sample_parameters(config, &classifier(), 3);
  TrainedModel model(config, parameters, {.head = &classifier()});
  model.repack(parameters, 1);
  const LossFunction failing = [](std::int64_t first, ConstMatrixView logits, MatrixView gradient) {
    if (first > 20) throw Error(ErrorKind::input, "no such label");
    return classification(130)(first, logits, gradient);
  };
  for (const int threads : {1, 3}) {
    Gradients gradients = allocate_gradients(parameters);
    try {
      model.add_gradients(training, failing, gradients, {.threads = threads});
      FAIL("expected an error");
    } catch (const Error& error) {
      CHECK(std::string(error.what()) == "no such label");
    }
  }
}

}  // namespace
}  // namespace convbert
