// Batches and losses from examples, and a model that learns from them step by step.
#include "train/fine_tuning.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "train/losses.h"
#include "train/sample_training.h"

namespace convbert {
namespace {

const HeadForm& form(HeadKind kind) { return *form_of(kind, Family::convbert); }

// Labels follow from the first token, so that they can be learnt.
Examples labelled(const ModelConfig& config, std::int64_t count) {
  Examples examples;
  examples.sequences = sample_batch(config, count).batch;
  for (std::int64_t s = 0; s < count; ++s) {
    const auto first = static_cast<std::size_t>(examples.sequences.start(s));
    examples.labels.push_back(examples.sequences.ids[first] % 2);
  }
  return examples;
}

FineTuningOptions options() {
  return {.batch_size = 16, .epochs = 3, .learning_rate = 1e-3, .seed = 5, .threads = 2};
}

std::vector<std::vector<float>> copy_of(FineTuning& tuning) {
  std::vector<std::vector<float>> all;
  for (const auto& tensor : tuning.state()) all.push_back(*tensor.floats);
  return all;
}

TEST_CASE("an epoch has every example once, in an order of its own") {
  std::vector<std::uint32_t> sorted(1000);
  std::iota(sorted.begin(), sorted.end(), 0U);
  const auto first = order_of_epoch(1000, 1, 0);
  const auto second = order_of_epoch(1000, 1, 1);
  CHECK(first != sorted);
  CHECK(first != second);
  CHECK(first != order_of_epoch(1000, 2, 0));
  CHECK(first == order_of_epoch(1000, 1, 0));
  for (auto order : {first, second}) {
    std::ranges::sort(order);
    CHECK(order == sorted);
  }
  CHECK(order_of_epoch(1, 1, 0) == std::vector<std::uint32_t>{0});
}

TEST_CASE(
    "a batch has its examples' own teacher vectors, both what they are fitted to and compared") {
  constexpr std::int64_t kFitted = 4;
  constexpr std::int64_t kCompared = 6;
  Examples examples = labelled(sample_config(), 10);
  examples.labels.clear();
  examples.target_width = kFitted + kCompared;
  examples.read_targets = [](std::uint32_t example, std::span<float> targets) {
    for (std::size_t i = 0; i < targets.size(); ++i) {
      targets[i] = static_cast<float>(std::sin(static_cast<double>(example * 10 + i)));
    }
  };
  const std::vector<std::uint32_t> chosen{7, 2, 9};
  std::vector<float> targets(3 * 10);
  std::vector<float> values(3 * kFitted);
  for (std::size_t i = 0; i < 3; ++i) {
    examples.read_targets(chosen[i], std::span(targets).subspan(i * 10, 10));
  }
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 5) - 1.5f;
  const ConstMatrixView outputs{values.data(), 3, kFitted, kFitted};
  const std::vector<float> weights(3, 1.0f / 3.0f);
  for (const float relational : {0.0f, 2.5f}) {
    const LossOptions options{.relational = relational};
    const LearningBatch batch(examples, Objective::vectors, chosen, options, kFitted);
    CHECK((batch.scope() == LossScope::batch) == (relational > 0.0f));
    CHECK(batch.rows() == 3);
    std::vector<float> found(values.size());
    std::vector<float> places(values.size());
    std::vector<float> between(values.size());
    const double loss = batch.loss()(0, outputs, {found.data(), 3, kFitted, kFitted});
    const double expected =
        cosine_to_vectors(outputs, {targets.data(), 3, kFitted, 10}, weights,
                          {places.data(), 3, kFitted, kFitted}) +
        relational * cosines_to_cosines(outputs, {targets.data() + kFitted, 3, kCompared, 10},
                                        {between.data(), 3, kFitted, kFitted});
    CHECK(loss == doctest::Approx(expected));
    for (std::size_t i = 0; i < found.size(); ++i) {
      CHECK(found[i] == doctest::Approx(places[i] + relational * between[i]));
    }
  }
}

TEST_CASE("a labelled text counts as much as its vector, one without a label not at all") {
  constexpr std::int64_t kWidth = 4;
  constexpr std::int64_t kColumns = kWidth + 3;
  Examples examples = labelled(sample_config(), 10);
  examples.labels.assign(10, kIgnored);
  examples.labels[2] = 1;
  examples.target_width = kWidth;
  examples.read_targets = [](std::uint32_t example, std::span<float> targets) {
    std::ranges::fill(targets, 1.0f + static_cast<float>(example));
  };
  const std::vector<std::uint32_t> chosen{7, 2, 9, 5};
  std::vector<float> values(4 * kColumns);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 5) - 1.5f;
  const ConstMatrixView outputs{values.data(), 4, kColumns, kColumns};
  const LossOptions options{.labels = 2.0f};
  const LearningBatch batch(examples, Objective::vectors, chosen, options, kWidth);
  std::vector<float> found(values.size(), 7.0f);
  const double loss = batch.loss()(0, outputs, {found.data(), 4, kColumns, kColumns});

  const std::vector<float> shares(4, 0.25f);
  const std::vector<float> targets(4 * kWidth, 1.0f);  // of all lengths, in one direction
  std::vector<float> expected(values.size());
  const MatrixView gradient{expected.data(), 4, kColumns, kColumns};
  const double of_vectors =
      cosine_to_vectors(outputs.column_range(0, kWidth), {targets.data(), 4, kWidth, kWidth},
                        shares, gradient.column_range(0, kWidth));
  const std::vector<std::int32_t> labels{kIgnored, 1, kIgnored, kIgnored};
  const double of_label =
      cross_entropy(outputs.column_range(kWidth, 3), labels, std::vector<float>(4, 0.5f), {},
                    gradient.column_range(kWidth, 3));
  CHECK(of_label > 0.1);
  CHECK(loss == doctest::Approx(of_vectors + of_label));
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == doctest::Approx(expected[i]));
}

TEST_CASE("contrast: cosines of two texts are fitted to whether their labels are one") {
  constexpr std::int64_t kWidth = 2;
  constexpr std::int64_t kColumns = kWidth + 3;
  Examples examples = labelled(sample_config(), 4);
  examples.labels = {2, 0, 2, 1};
  const LossOptions options{.contrast = 5.0f};
  const std::vector<std::uint32_t> chosen{0, 2, 3};
  const LearningBatch batch(examples, Objective::label, chosen, options, kWidth);
  CHECK(batch.scope() == LossScope::batch);
  // Vectors at 0, 60 and 90 degrees: the cosines are 0.5, where 1 is wanted, 0 and 0.866, where 0
  // is. Equal logits: log 3 each.
  const float half = std::sqrt(0.75f);
  const std::vector<float> values{2, 0, 0, 0, 0, 0.5f, half, 0, 0, 0, 0, 3, 0, 0, 0};
  std::vector<float> found(values.size(), 7.0f);
  const double loss = batch.loss()(0, {values.data(), 3, kColumns, kColumns},
                                   {found.data(), 3, kColumns, kColumns});
  CHECK(loss == doctest::Approx(std::log(3.0) + 5.0 * (0.25 + 0.75) / 3));
  CHECK(found[4] == doctest::Approx((1.0 / 3 - 1) / 3));  // of the first text's own label
  // d/dy of 5/3 ((cos a b - 1)^2 + cos(a, c)^2) at a = (2, 0).
  CHECK(found[0] == doctest::Approx(0.0));
  CHECK(found[1] == doctest::Approx(5.0 / 3 * 2 * -0.5 * half / 2));
}

TEST_CASE("balanced weights are scikit-learn's, and 1 of a class that does not occur") {
  const std::vector<std::int32_t> labels{0, 0, 0, 2, kIgnored};
  const auto weights = balanced_weights(labels, 3);
  CHECK(weights[0] == doctest::Approx(4.0 / 9));
  CHECK(weights[1] == 1.0f);
  CHECK(weights[2] == doctest::Approx(4.0 / 3));
}

TEST_CASE("a batch of tokens reads those that have a label, and its loss is their mean") {
  Examples examples;
  examples.sequences.append(std::vector{1, 2, 3}, std::vector{0, 0, 0});
  examples.sequences.append(std::vector{4, 5}, std::vector{0, 0});
  examples.labels = {kIgnored, 1, 0, kIgnored, 1};
  const LossOptions loss;
  const LearningBatch batch(examples, Objective::token_labels, std::vector<std::uint32_t>{1, 0},
                            loss);
  CHECK(batch.training().batch.ids == std::vector{4, 5, 1, 2, 3});
  CHECK(batch.training().rows == std::vector<std::int64_t>{1, 3, 4});
  CHECK(batch.rows() == 3);
  // Equal logits: log 2 each, whatever the label.
  std::vector<float> logits(6, 0.0f);
  std::vector<float> gradient(6);
  const double found = batch.loss()(0, {logits.data(), 3, 2, 2}, {gradient.data(), 3, 2, 2});
  CHECK(found == doctest::Approx(std::log(2.0)));
  CHECK(gradient[1] == doctest::Approx(-0.5 / 3));
}

TEST_CASE("pairs stay together, with their targets") {
  Examples examples;
  for (const int id : {1, 2, 3, 4}) {
    examples.sequences.append(std::vector{id}, std::vector{0});
  }
  examples.group = 2;
  examples.targets = {0.25f, 1.0f};
  examples.target_width = 1;
  const LossOptions loss;
  const LearningBatch batch(examples, Objective::similarity, std::vector<std::uint32_t>{1, 0},
                            loss);
  CHECK(batch.training().batch.ids == std::vector{3, 4, 1, 2});
  CHECK(batch.training().group == 2);
  // Equal vectors: cosine 1, which misses 0.25 by 0.75 in the second pair alone.
  std::vector<float> vectors(4, 1.0f);
  std::vector<float> gradient(4);
  const double found = batch.loss()(0, {vectors.data(), 4, 1, 1}, {gradient.data(), 4, 1, 1});
  CHECK(found == doctest::Approx(0.75 * 0.75 / 2));
}

TEST_CASE("the loss falls, predictions follow, and a run taken up ends like the whole one") {
  const ModelConfig config = sample_config();
  const HeadForm& head = form(HeadKind::sequence_classification);
  const Examples examples = labelled(config, 64);
  const TrainedModelOptions model{.head = &head, .dropout = {0.1f, 0.1f, 0.1f}};
  FineTuning whole(config, model, sample_parameters(config, &head, 2), examples, options());
  CHECK(whole.steps_of_epoch() == 4);
  CHECK(whole.all_steps() == 12);
  const double before = whole.predict(examples).loss;
  std::vector<std::vector<float>> middle;
  while (!whole.is_done()) {
    if (whole.steps() == 5) middle = copy_of(whole);
    const StepFigures figures = whole.step();
    CHECK(std::isfinite(figures.loss));
    CHECK(figures.learning_rate <= 1e-3);
  }
  CHECK(whole.is_at_end_of_epoch());
  CHECK(whole.predict(examples).loss < before);

  FineTuning taken_up(config, model, sample_parameters(config, &head, 2), examples, options());
  std::size_t next = 0;
  for (const auto& tensor : taken_up.state()) *tensor.floats = middle[next++];
  taken_up.take_up(5);
  while (!taken_up.is_done()) taken_up.step();
  CHECK(copy_of(taken_up) == copy_of(whole));
}

TEST_CASE("a head alone learns what it would have learnt with the encoder run each time") {
  const ModelConfig config = sample_config();
  for (const HeadKind kind : {HeadKind::sequence_classification, HeadKind::token_classification}) {
    const HeadForm& head = form(kind);
    Examples examples = labelled(config, 40);
    FineTuningOptions fine = options();
    if (kind == HeadKind::token_classification) {
      fine.objective = Objective::token_labels;
      examples.labels.assign(examples.sequences.ids.begin(), examples.sequences.ids.end());
      for (std::int32_t& label : examples.labels) label = label % 3 == 0 ? kIgnored : label % 2;
    }
    // Dropout only where both have it.
    const TrainedModelOptions model{.head = &head,
                                    .dropout = {.head = 0.2f},
                                    .freeze = {.embeddings = true, .layers = config.layers}};
    FineTuning whole(config, model, sample_parameters(config, &head, 2), examples, fine);
    fine.head_alone = true;
    FineTuning alone(config, model, sample_parameters(config, &head, 2), examples, fine);
    while (!whole.is_done()) {
      CHECK(whole.step().loss == doctest::Approx(alone.step().loss).epsilon(1e-5));
    }
    const auto expected = whole.predict(examples);
    const auto found = alone.predict(examples);
    REQUIRE(found.values.size() == expected.values.size());
    for (std::size_t i = 0; i < found.values.size(); ++i) {
      CHECK(std::abs(found.values[i] - expected.values[i]) < 1e-4);
    }
  }
}

}  // namespace
}  // namespace convbert
