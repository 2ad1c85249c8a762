#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>
#include <numeric>
#include <random>

#include "core/error.h"
#include "model/head_form.h"
#include "model/model.h"
#include "model/pooling.h"
#include "model/random_model.h"
#include "nn/compute.h"

namespace convbert {
namespace {

const std::filesystem::path kCases = std::filesystem::path(CONVBERT_TEST_DATA) / "models";

std::vector<float> run(const Encoder& encoder, const Batch& batch) {
  Workspace workspace;
  const nn::PaddedRows hidden =
      nn::allocate_rows(workspace, batch.tokens(), encoder.config().hidden_size);
  encoder.forward(batch, encoder.config().layers, hidden, workspace);
  return {hidden.data, hidden.data + batch.tokens() * hidden.columns};
}

Batch slice(const Batch& batch, const std::vector<std::int64_t>& sequences) {
  Batch part;
  for (const std::int64_t s : sequences) {
    const auto start = static_cast<std::size_t>(batch.start(s));
    const auto length = static_cast<std::size_t>(batch.length(s));
    part.append(std::span(batch.ids).subspan(start, length),
                std::span(batch.type_ids).subspan(start, length));
  }
  return part;
}

TEST_CASE("an output tied to the words has a name of its own, unless config.json unties it") {
  ModelConfig config;
  config.family = Family::bert;
  CHECK(is_tied_name("cls.predictions.decoder.weight", config));
  CHECK(is_tied_name("cls.predictions.decoder.bias", config));
  CHECK_FALSE(is_tied_name("cls.predictions.bias", config));
  CHECK_FALSE(is_tied_name("bert.embeddings.word_embeddings.weight", config));
  CHECK_FALSE(is_tied_name("generator_lm_head.weight", config));
  config.family = Family::convbert;
  CHECK(is_tied_name("generator_lm_head.weight", config));
  CHECK_FALSE(is_tied_name("generator_lm_head.bias", config));
  config.ties_words = false;
  CHECK_FALSE(is_tied_name("generator_lm_head.weight", config));
}

void check_each_alone(const ModelConfig& config, const std::vector<std::int64_t>& lengths) {
  const RandomModel model(config);
  const Batch batch = random_batch(lengths, config.vocab_size);
  const std::vector<float> together = run(model.encoder(), batch);
  std::vector<std::int64_t> order(lengths.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::ranges::shuffle(order, std::mt19937(3));
  const Batch shuffled_batch = slice(batch, order);
  const std::vector<float> shuffled = run(model.encoder(), shuffled_batch);
  const auto hidden = static_cast<std::size_t>(config.hidden_size);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::int64_t s = order[i];
    const std::vector<float> alone = run(model.encoder(), slice(batch, {s}));
    const float* in_batch = together.data() + static_cast<std::size_t>(batch.start(s)) * hidden;
    const float* in_shuffled =
        shuffled.data() +
        static_cast<std::size_t>(shuffled_batch.start(static_cast<std::int64_t>(i))) * hidden;
    INFO("length ", lengths[static_cast<std::size_t>(s)]);
    CHECK(std::isfinite(alone.front()));
    CHECK(std::memcmp(alone.data(), in_batch, alone.size() * sizeof(float)) == 0);
    CHECK(std::memcmp(alone.data(), in_shuffled, alone.size() * sizeof(float)) == 0);
  }
}

TEST_CASE("a sequence's result does not depend on its batch, to the last bit") {
  ModelConfig base = *published_shape("conv-bert-base");
  base.layers = 2;
  base.vocab_size = 500;
  check_each_alone(base, {1, 5, 128, 16, 300, 17, 2, 64, 33});
  ModelConfig small = *published_shape("conv-bert-small");
  small.layers = 3;
  small.vocab_size = 500;
  check_each_alone(small, {40, 1, 2, 3, 9, 27, 100, 8, 7, 7, 512});
  ModelConfig grouped = small;
  grouped.groups = 2;
  grouped.hidden_size = 96;
  grouped.embedding_size = 40;
  grouped.intermediate_size = 136;
  grouped.attention_heads = 3;
  grouped.head_size = 16;
  grouped.convolution->kernel_size = 5;
  check_each_alone(grouped, {3, 50, 1, 20, 20});
}

TEST_CASE("a workspace that has been used gives the same result") {
  ModelConfig config = *published_shape("conv-bert-small");
  config.layers = 2;
  config.vocab_size = 100;
  const RandomModel model(config);
  const Batch batch = random_batch(std::vector<std::int64_t>{9, 30}, 100);
  const std::vector<float> expected = run(model.encoder(), batch);
  Workspace workspace;
  for (const std::int64_t length : {200, 3, 39}) {
    const Workspace::Frame frame(workspace);
    const Batch other = random_batch(std::vector<std::int64_t>{length}, 100);
    const nn::PaddedRows hidden = nn::allocate_rows(workspace, length, config.hidden_size);
    model.encoder().forward(other, config.layers, hidden, workspace);
  }
  const nn::PaddedRows hidden = nn::allocate_rows(workspace, batch.tokens(), config.hidden_size);
  model.encoder().forward(batch, config.layers, hidden, workspace);
  CHECK(std::memcmp(hidden.data, expected.data(), expected.size() * sizeof(float)) == 0);
}

TEST_CASE("what the encoder has no embedding for is refused") {
  ModelConfig config = *published_shape("conv-bert-small");
  config.layers = 1;
  config.vocab_size = 10;
  config.max_positions = 20;
  const RandomModel model(config);
  const auto refused = [&](std::vector<std::int32_t> ids, std::vector<std::int32_t> types) {
    Batch batch;
    batch.append(ids, types);
    Workspace workspace;
    const nn::PaddedRows hidden = nn::allocate_rows(workspace, batch.tokens(), config.hidden_size);
    CHECK_THROWS_AS(model.encoder().forward(batch, 1, hidden, workspace), Error);
  };
  refused({10}, {0});
  refused({-1}, {0});
  refused({1}, {2});
  refused({1}, {-1});
  refused({}, {});
  refused(std::vector<std::int32_t>(21), std::vector<std::int32_t>(21));
}

TEST_CASE("a batch whose parts do not fit together is refused") {
  Batch batch;
  const std::vector<std::int32_t> three{1, 2, 3};
  const std::vector<std::int32_t> two{0, 0};
  CHECK_THROWS_AS(batch.append(three, two), Error);
  CHECK(batch.sequences() == 0);
  ModelConfig config = *published_shape("conv-bert-small");
  config.layers = 1;
  config.vocab_size = 10;
  const RandomModel model(config);
  batch.append(three, three);
  batch.type_ids.assign(3, 0);
  Workspace workspace;
  const auto forward = [&](std::int64_t rows, std::int64_t columns) {
    const nn::PaddedRows hidden = nn::allocate_rows(workspace, rows, columns);
    model.encoder().forward(batch, 1, hidden, workspace);
  };
  CHECK_NOTHROW(forward(3, config.hidden_size));
  CHECK_THROWS_AS(forward(2, config.hidden_size), Error);
  CHECK_THROWS_AS(forward(3, config.hidden_size + 16), Error);
  batch.type_ids.pop_back();
  CHECK_THROWS_AS(forward(3, config.hidden_size), Error);
}

TEST_CASE("what is thrown while layers are packed reaches the caller") {
  ModelConfig config = *published_shape("conv-bert-small");
  config.layers = 4;
  config.vocab_size = 10;
  for (const int threads : {1, 3}) {
    const auto fail = [] { throw Error(ErrorKind::system, "the disk is gone"); };
    CHECK_THROWS_AS(RandomModel(config, {.threads = threads, .on_layer_packed = fail}), Error);
  }
}

TEST_CASE("embeddings that are no longer there are no result") {
  ModelConfig config = *published_shape("conv-bert-small");
  config.layers = 1;
  config.vocab_size = 10;
  bool is_there = true;
  const RandomModel model(config, {.check_tables = [&] {
                            if (!is_there) throw Error(ErrorKind::system, "cut short");
                          }});
  const Batch batch = random_batch(std::vector<std::int64_t>{3}, config.vocab_size);
  CHECK_NOTHROW(run(model.encoder(), batch));
  is_there = false;
  CHECK_THROWS_AS(run(model.encoder(), batch), Error);
}

TEST_CASE("attention is copied only for an observer that wants it") {
  struct Counter : EncoderObserver {
    bool wants_attention(std::int64_t layer) const override { return layer == wanted; }
    void on_attention(std::int64_t layer, std::int64_t, const nn::AttentionView&) override {
      CHECK(layer == wanted);
      ++seen;
    }
    std::int64_t wanted = -1;
    int seen = 0;
  };
  ModelConfig config = *published_shape("conv-bert-small");
  config.layers = 3;
  config.vocab_size = 10;
  const RandomModel model(config);
  const Batch batch = random_batch(std::vector<std::int64_t>{3, 5}, config.vocab_size);
  for (const std::int64_t wanted : {-1, 1}) {
    Counter counter;
    counter.wanted = wanted;
    Workspace workspace;
    model.encoder().forward(batch, 3, nn::allocate_rows(workspace, 8, config.hidden_size),
                            workspace, &counter);
    CHECK(counter.seen == (wanted < 0 ? 0 : 2));
  }
}

TEST_CASE("no pooling hides NaN") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const std::size_t place : {0, 1, 2}) {
    std::vector<float> values{1, 2, 3};
    values[place] = nan;
    std::vector<float> pooled(1);
    pool(Pooling::max, ConstMatrixView{values.data(), 3, 1, 1}, pooled);
    CHECK(std::isnan(pooled[0]));
    pool(Pooling::mean, ConstMatrixView{values.data(), 3, 1, 1}, pooled);
    CHECK(std::isnan(pooled[0]));
  }
}

TEST_CASE("every tensor of every reference checkpoint is used, or named") {
  const std::map<std::string, std::size_t> unused_of_heads{{"bert-plain", 2}};  // its pooler
  for (const auto& entry : std::filesystem::directory_iterator(kCases)) {
    const std::string name = entry.path().filename().string();
    if (name == "convbert-mini") continue;
    const Model model = load_model(ModelFiles::directory(entry.path()), {});
    INFO(name);
    CHECK(model.unused.unknown.empty());
    const std::size_t unused = unused_of_heads.contains(name) ? unused_of_heads.at(name) : 0;
    CHECK(model.unused.of_heads.size() == unused);
  }
}

TEST_CASE("heads are known by their tensors") {
  const auto heads = [](const char* name) {
    return load_model(ModelFiles::directory(kCases / name), {.parts = ModelParts::encoder})
        .head_kinds;
  };
  using Heads = std::vector<HeadKind>;
  CHECK(heads("convbert-plain") == Heads{});
  CHECK(heads("convbert-classify") == Heads{HeadKind::sequence_classification});
  CHECK(heads("bert-classify") == Heads{HeadKind::sequence_classification});
  CHECK(heads("convbert-tag") == Heads{HeadKind::token_classification});
  CHECK(heads("convbert-mask") == Heads{HeadKind::masked_lm});
  CHECK(heads("convbert-qa") == Heads{HeadKind::question_answering});
  CHECK(heads("electra-discriminator") == Heads{HeadKind::replaced_token_detection});
}

TEST_CASE("pooling") {
  std::vector<float> values{1, -4, 3, 2, 5, 6};  // three tokens of two columns
  const ConstMatrixView hidden{values.data(), 3, 2, 2};
  const auto pooled = [&](Pooling pooling) {
    std::vector<float> vector(2);
    pool(pooling, hidden, vector);
    return vector;
  };
  CHECK(pooled(Pooling::mean) == std::vector<float>{3, 4.0f / 3});
  CHECK(pooled(Pooling::cls) == std::vector<float>{1, -4});
  CHECK(pooled(Pooling::max) == std::vector<float>{5, 6});
  CHECK(pooled(Pooling::last) == std::vector<float>{5, 6});
  std::vector<float> vector{3, 4};
  normalize(vector);
  CHECK(vector == std::vector<float>{0.6f, 0.8f});
  std::vector<float> zero{0, 0};
  normalize(zero);
  CHECK(zero == std::vector<float>{0, 0});
}

TEST_CASE("probabilities") {
  std::vector<float> logits{1000, 999, -1000};
  to_probabilities(ProblemType::single_label, logits);
  CHECK(logits[0] == doctest::Approx(1 / (1 + std::exp(-1.0))));
  CHECK(logits[2] == 0.0f);
  std::vector<float> several{0, 100, -100};
  to_probabilities(ProblemType::multi_label, several);
  CHECK(several[0] == 0.5f);
  CHECK(several[1] == 1.0f);
  CHECK(several[2] == doctest::Approx(0.0));
  std::vector<float> value{-7.5f};
  to_probabilities(ProblemType::regression, value);
  CHECK(value[0] == -7.5f);
  ModelConfig config;
  CHECK(resolve_problem_type(config, 1) == ProblemType::regression);
  CHECK(resolve_problem_type(config, 2) == ProblemType::single_label);
  config.problem_type = ProblemType::multi_label;
  CHECK(resolve_problem_type(config, 1) == ProblemType::multi_label);
}

}  // namespace
}  // namespace convbert
