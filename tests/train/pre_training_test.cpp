// Masks, draws, packing and steps of pre-training against their definitions.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <set>

#include "train/losses.h"
#include "train/packing.h"
#include "train/pre_training.h"
#include "train/sample_training.h"

namespace convbert {
namespace {

constexpr std::int32_t kCls = 2;
constexpr std::int32_t kSep = 3;
constexpr std::int32_t kMask = 4;
const MaskingVocabulary kVocabulary{.size = 50, .mask = kMask, .special = {kCls, kSep, kMask}};

// Pearson's statistic of counts that should follow these probabilities. Of k classes it has the
// mean k - 1 and the variance 2 (k - 1): five deviations above it come once in a million.
void check_distribution(const std::vector<double>& counts, const std::vector<double>& shares) {
  REQUIRE(counts.size() == shares.size());
  const double all = std::accumulate(counts.begin(), counts.end(), 0.0);
  double statistic = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected = all * shares[i];
    REQUIRE(expected > 5.0);
    statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  const auto freedom = static_cast<double>(counts.size() - 1);
  INFO("chi-square ", statistic, " of ", freedom, " degrees of freedom");
  CHECK(statistic < freedom + 5.0 * std::sqrt(2.0 * freedom));
}
std::vector<double> equal_shares(std::size_t classes) {
  return std::vector<double>(classes, 1.0 / static_cast<double>(classes));
}

// [CLS], 40 words of which no two are alike, [SEP].
constexpr std::int64_t kWords = 40;
Batch sample_sentences(std::int64_t count) {
  std::vector<std::int32_t> ids{kCls};
  for (std::int32_t i = 0; i < kWords; ++i) ids.push_back(5 + i);
  ids.push_back(kSep);
  Batch batch;
  for (std::int64_t s = 0; s < count; ++s) {
    batch.append(ids, std::vector<std::int32_t>(ids.size()));
  }
  return batch;
}

TEST_CASE("the masked tokens are the share asked for, anywhere but at special tokens") {
  const Batch batch = sample_sentences(500);
  std::vector<double> positions(kWords);
  for (std::uint64_t step = 0; step < 8; ++step) {
    const MaskedBatch masked =
        mask_tokens(batch, bert_masking(0.15), kVocabulary, {.seed = 7, .step = step});
    CHECK(masked.training.rows.size() == 500 * 6);  // 0.15 of 40
    CHECK(masked.words.size() == masked.training.rows.size());
    std::int64_t before = -1;
    for (std::size_t i = 0; i < masked.words.size(); ++i) {
      const std::int64_t row = masked.training.rows[i];
      CHECK(row > before);
      const std::int64_t position = row % (kWords + 2);
      REQUIRE(position >= 1);
      REQUIRE(position <= kWords);
      CHECK(masked.words[i] == batch.ids[static_cast<std::size_t>(row)]);
      ++positions[static_cast<std::size_t>(position - 1)];
      before = row;
    }
  }
  check_distribution(positions, equal_shares(kWords));
}

TEST_CASE("what becomes of a masked token is BERT's 80, 10 and 10, or ELECTRA's 85 and 15") {
  const Batch batch = sample_sentences(2000);
  const auto fates = [&](const MaskingRule& rule, std::vector<double>& random_words) {
    const MaskedBatch masked = mask_tokens(batch, rule, kVocabulary, {.seed = 3, .step = 1});
    std::vector<double> counts(3);
    random_words.assign(50, 0.0);
    for (std::size_t i = 0; i < masked.words.size(); ++i) {
      const std::int32_t seen =
          masked.training.batch.ids[static_cast<std::size_t>(masked.training.rows[i])];
      // A random word is [MASK] or the word itself once in 50 times.
      ++counts[seen == kMask ? 0U : seen == masked.words[i] ? 2U : 1U];
      if (seen != kMask && seen != masked.words[i]) ++random_words[static_cast<std::size_t>(seen)];
    }
    return counts;
  };
  std::vector<double> words;
  check_distribution(fates(bert_masking(0.15), words), {0.802, 0.096, 0.102});
  words.erase(words.begin() + kMask);
  // Uniform, but for the words that stand in the text, which are counted as kept when they meet
  // themselves: one time in 40 of theirs.
  std::vector<double> shares(words.size(), 1.0);
  for (std::size_t i = 4; i < 4 + kWords; ++i) shares[i] = 1.0 - 1.0 / kWords;
  const double all = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& share : shares) share /= all;
  check_distribution(words, shares);

  const std::vector<double> electra = fates(electra_masking(0.15), words);
  CHECK(electra[1] == 0.0);
  check_distribution({electra[0], electra[2]}, {0.85, 0.15});
}

TEST_CASE("masks follow from seed, step and place, and a short text has one") {
  const Batch batch = sample_sentences(20);
  const auto ids = [&](std::uint64_t seed, std::uint64_t step) {
    return mask_tokens(batch, bert_masking(0.15), kVocabulary, {.seed = seed, .step = step})
        .training.batch.ids;
  };
  CHECK(ids(1, 1) == ids(1, 1));
  CHECK(ids(1, 1) != ids(1, 2));
  CHECK(ids(1, 1) != ids(2, 1));
  // A sequence's own do not depend on those behind it.
  const MaskedBatch alone =
      mask_tokens(sample_sentences(1), bert_masking(0.15), kVocabulary, {.seed = 1, .step = 1});
  std::vector<std::int32_t> first = ids(1, 1);
  first.resize(alone.training.batch.ids.size());
  CHECK(alone.training.batch.ids == first);
  Batch one;
  one.append(std::vector<std::int32_t>{kCls, 9, kSep}, std::vector<std::int32_t>{0, 0, 0});
  one.append(std::vector<std::int32_t>{kCls, kMask, kSep}, std::vector<std::int32_t>{0, 0, 0});
  const MaskedBatch masked = mask_tokens(one, bert_masking(0.15), kVocabulary, {.seed = 1});
  CHECK(masked.training.rows == std::vector<std::int64_t>{1});
}

TEST_CASE("a drawn word that is the original's counts as original") {
  const Batch batch = sample_sentences(1);
  MaskedBatch masked{.training = {.batch = batch, .rows = {3, 8}}, .words = {7, 12}};
  const ReplacedBatch replaced = replace_tokens(batch, masked, std::vector<std::int32_t>{30, 12});
  CHECK(replaced.training.batch.ids[3] == 30);
  CHECK(replaced.training.batch.ids[8] == 12);
  CHECK(std::accumulate(replaced.targets.begin(), replaced.targets.end(), 0.0f) == 1.0f);
  CHECK(replaced.targets[3] == 1.0f);
  CHECK(replaced.training.rows.size() == batch.ids.size());
}

struct Logits {
  std::vector<float> values;
  std::vector<std::int32_t> words;
  std::int64_t columns;

  ConstMatrixView view() const { return {values.data(), std::ssize(words), columns, columns}; }
};
Logits sample_logits(std::int64_t rows, std::int64_t columns) {
  std::mt19937 generator(5);
  std::normal_distribution<float> normal(0.0f, 2.0f);
  Logits logits{.values = std::vector<float>(static_cast<std::size_t>(rows * columns)),
                .words = {},
                .columns = columns};
  for (float& value : logits.values) value = normal(generator);
  for (std::int64_t row = 0; row < rows; ++row) {
    logits.words.push_back(
        static_cast<std::int32_t>(generator() % static_cast<std::uint32_t>(columns)));
  }
  return logits;
}

TEST_CASE("the loss over a vocabulary is cross-entropy") {
  for (const std::int64_t columns : {1, 7, 300, 1031}) {
    const Logits logits = sample_logits(9, columns);
    std::vector<float> found(logits.values.size());
    std::vector<float> expected(logits.values.size());
    const auto matrix = [&](std::vector<float>& values) {
      return MatrixView{values.data(), 9, columns, columns};
    };
    std::vector<WordGuess> guesses(9);
    const double loss = VocabularyLoss(columns)(
        logits.view(),
        {.words = logits.words, .weight = 0.25f, .key = 1, .first = 0, .guesses = guesses},
        matrix(found));
    const std::vector<float> weights(9, 0.25f);
    const double reference =
        cross_entropy(logits.view(), logits.words, weights, {}, matrix(expected));
    CHECK(loss == doctest::Approx(reference).epsilon(1e-6));
    double largest = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      largest = std::max<double>(largest, std::abs(found[i] - expected[i]));
    }
    CHECK(largest < 1e-6);
    for (std::int64_t row = 0; row < 9; ++row) {
      const auto values = logits.view().row_span(row);
      CHECK(guesses[static_cast<std::size_t>(row)].best ==
            std::ranges::max_element(values) - values.begin());
    }
  }
  // A word that has no probability left.
  const std::vector<float> far{200.0f, 0.0f};
  std::vector<float> gradient(2);
  const std::vector<std::int32_t> word{1};
  const auto loss = [&](const std::vector<float>& values) {
    return VocabularyLoss(2)({values.data(), 1, 2, 2},
                             {.words = word, .weight = 1.0f, .key = 1, .first = 0},
                             {gradient.data(), 1, 2, 2});
  };
  CHECK(loss(far) == doctest::Approx(200.0));
  CHECK(gradient == std::vector<float>{1.0f, -1.0f});
  CHECK(std::isnan(loss({NAN, 1.0f})));
}

TEST_CASE("words are drawn by their probability") {
  constexpr std::int64_t kColumns = 600;  // more than a block of the draw
  Logits one = sample_logits(1, kColumns);
  for (float& value : one.values) value *= 0.3f;
  one.values[10] = -200.0f;
  const std::int64_t rows = 40000;
  std::vector<double> counts(kColumns);
  std::vector<float> gradient(static_cast<std::size_t>(kColumns));
  const VocabularyLoss loss(kColumns);
  for (std::int64_t row = 0; row < rows; ++row) {
    WordGuess guess;
    loss(one.view(),
         {.words = one.words, .weight = 1.0f, .key = 77, .first = row, .guesses = {&guess, 1}},
         {gradient.data(), 1, kColumns, kColumns});
    ++counts[static_cast<std::size_t>(guess.drawn)];
  }
  CHECK(counts[10] == 0.0);
  counts.erase(counts.begin() + 10);
  std::vector<double> shares;
  for (std::size_t i = 0; i < kColumns; ++i) {
    if (i != 10) shares.push_back(std::exp(static_cast<double>(one.values[i])));
  }
  const double all = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& share : shares) share /= all;
  check_distribution(counts, shares);
}

std::vector<TokenSequence> packed(const PackingOptions& options,
                                  const std::vector<std::vector<std::int32_t>>& documents) {
  SequencePacker packer(options);
  std::vector<TokenSequence> sequences;
  const auto take = [&] {
    while (auto sequence = packer.take()) sequences.push_back(std::move(*sequence));
  };
  for (const auto& document : documents) {
    packer.add(document);
    take();
  }
  packer.finish();
  take();
  return sequences;
}

TEST_CASE("documents follow one another in full sequences, or begin their own") {
  const std::vector<std::vector<std::int32_t>> documents{
      {11, 12, 13}, {}, {21, 22, 23, 24, 25}, {31}};
  CHECK(packed({.packing = Packing::full, .max_length = 6, .cls = 2, .sep = 3}, documents) ==
        std::vector<TokenSequence>{{2, 11, 12, 13, 3}, {2, 21, 22, 23, 24, 3}, {2, 25, 3, 31, 3}});
  CHECK(packed({.packing = Packing::full, .max_length = 5, .cls = 2, .sep = 3}, documents) ==
        std::vector<TokenSequence>{
            {2, 11, 12, 13, 3}, {2, 21, 22, 23, 3}, {2, 24, 25, 3}, {2, 31, 3}});
  CHECK(packed({.packing = Packing::record, .max_length = 5, .cls = 2, .sep = 3}, documents) ==
        std::vector<TokenSequence>{
            {2, 11, 12, 13, 3}, {2, 21, 22, 23, 3}, {2, 24, 25, 3}, {2, 31, 3}});
}

TEST_CASE("a shuffle buffer gives all that it takes, in an order by its key") {
  const auto order = [](std::uint64_t key) {
    ShuffleBuffer buffer(10, key);
    std::vector<std::int32_t> taken;
    for (std::int32_t i = 0; i < 30; ++i) {
      buffer.add({i});
      if (buffer.is_full()) taken.push_back(buffer.take().front());
    }
    while (!buffer.is_empty()) taken.push_back(buffer.take().front());
    return taken;
  };
  const std::vector<std::int32_t> taken = order(1);
  CHECK(std::set(taken.begin(), taken.end()).size() == 30);
  CHECK_FALSE(std::ranges::is_sorted(taken));
  CHECK(taken == order(1));
  CHECK(taken != order(2));
  // No sequence comes before the buffer has held it.
  for (std::size_t i = 0; i < taken.size(); ++i) CHECK(taken[i] < static_cast<int>(i) + 10);
  std::vector<double> first(10);
  for (std::uint64_t key = 0; key < 2000; ++key) ++first[static_cast<std::size_t>(order(key)[0])];
  check_distribution(first, equal_shares(10));
}

LearningModel sample_learner(const ModelConfig& config, HeadKind kind, std::uint64_t seed) {
  const HeadForm* head = form_of(kind, config.family);
  const bool guesses = kind == HeadKind::masked_lm;
  Parameters parameters = new_parameters(config, seed, 0.1);
  add_new_head(parameters, config, *head, guesses ? config.vocab_size : 1, seed, 0.1);
  return {config,
          {.head = head, .dropout = {.hidden = 0.1f, .attention = 0.1f, .head = 0.1f}},
          std::move(parameters)};
}

PreTrainingOptions sample_options(int threads) {
  return {.masking = electra_masking(0.2),
          .vocabulary = kVocabulary,
          .steps = 60,
          .learning_rate = 5e-3,
          .threads = threads};
}

// Replaced-token detection by a tiny ConvBERT and a generator of half its width.
struct SampleRun {
  explicit SampleRun(int threads, ConvolutionKind kind = ConvolutionKind::span)
      : training(sample_learner(sample_config(kind), HeadKind::replaced_token_detection, 1),
                 sample_learner(generator_config(kind), HeadKind::masked_lm, 2),
                 sample_options(threads)) {}

  static ModelConfig generator_config(ConvolutionKind kind) {
    ModelConfig config = sample_config(kind);
    config.hidden_size = 8;
    config.intermediate_size = 12;
    config.attention_heads = 1;
    return config;
  }
  std::vector<std::vector<float>> values() {
    std::vector<std::vector<float>> values;
    for (const StateTensor& tensor : training.state()) values.push_back(*tensor.floats);
    return values;
  }

  PreTraining training;
};

// Words of which each follows from the one before it.
Batch sample_texts(std::uint64_t step, std::int64_t count = 6) {
  Batch batch;
  for (std::int64_t s = 0; s < count; ++s) {
    std::vector<std::int32_t> ids{kCls};
    const auto first =
        static_cast<std::int32_t>((7 * step + 3 * static_cast<std::uint64_t>(s)) % 9);
    for (std::int32_t i = 0; i < 12 + static_cast<std::int32_t>(s); ++i) {
      ids.push_back(5 + (first + i) % 9);
    }
    ids.push_back(kSep);
    batch.append(ids, std::vector<std::int32_t>(ids.size()));
  }
  return batch;
}

TEST_CASE("pre-training gives the same bytes on any number of threads and after a pause") {
  SampleRun one(1);
  SampleRun five(5);
  for (std::uint64_t step = 0; step < 3; ++step) {
    one.training.step(sample_texts(step));
    five.training.step(sample_texts(step));
  }
  CHECK(one.values() == five.values());

  SampleRun resumed(2);
  const std::vector<StateTensor> from = five.training.state();
  const std::vector<StateTensor> to = resumed.training.state();
  REQUIRE(from.size() == to.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    CHECK(from[i].name == to[i].name);
    *to[i].floats = *from[i].floats;
  }
  resumed.training.take_up(3);
  one.training.step(sample_texts(3));
  resumed.training.step(sample_texts(3));
  CHECK(one.values() == resumed.values());
  // Embeddings are the model's for both.
  CHECK(resumed.training.generator()->encoder.words.floats ==
        resumed.training.parameters().encoder.words.floats);
}

TEST_CASE("words are learnt, and so is which ones were replaced, by every kind of convolution") {
  for (const ConvolutionKind kind :
       {ConvolutionKind::span, ConvolutionKind::dynamic, ConvolutionKind::lightweight}) {
    INFO(name_of(kind));
    SampleRun run(2, kind);
    const Batch held_out = sample_texts(1000, 12);
    const PreTrainingFigures before = run.training.measure(held_out);
    CHECK(before.loss == run.training.measure(held_out).loss);
    PreTrainingStep last;
    for (std::uint64_t step = 0; step < 60; ++step) last = run.training.step(sample_texts(step));
    CHECK(run.training.is_done());
    const PreTrainingFigures after = run.training.measure(held_out);
    CHECK(after.words.loss < 0.8 * before.words.loss);
    CHECK(after.replaced.loss < before.replaced.loss);
    CHECK(after.words.words == before.words.words);
    CHECK(after.replaced.tokens == held_out.tokens());
    CHECK(after.replaced.replaced <= after.words.words);
    CHECK(after.replaced.found <= after.replaced.replaced);
    CHECK(last.figures.loss ==
          doctest::Approx(last.figures.words.loss + 50.0 * last.figures.replaced.loss));
    CHECK(last.flops > 0.0);
  }
}

TEST_CASE("a loss that is no number changes nothing") {
  LearningModel model = sample_learner(sample_config(), HeadKind::masked_lm, 1);
  model.parameters.head->output.bias.floats[9] = NAN;
  PreTraining training(std::move(model), std::nullopt, sample_options(1));
  const std::vector<float> words = training.parameters().encoder.words.floats;
  CHECK_FALSE(std::isfinite(training.step(sample_texts(0)).figures.loss));
  CHECK(training.steps() == 0);
  CHECK(training.parameters().encoder.words.floats == words);
}

TEST_CASE("new parameters have the deviation asked for") {
  ModelConfig config = sample_config();
  config.vocab_size = 5000;
  const Parameters parameters = new_parameters(config, 9, 0.02);
  const std::vector<float>& words = parameters.encoder.words.floats;
  double squares = 0;
  for (const float value : words) squares += static_cast<double>(value) * value;
  CHECK(std::sqrt(squares / static_cast<double>(words.size())) ==
        doctest::Approx(0.02).epsilon(0.02));
  CHECK(parameters.encoder.embedding_norm.scale.floats == std::vector<float>(8, 1.0f));
  CHECK(parameters.encoder.layers[0].query.bias.floats == std::vector<float>(8, 0.0f));
  CHECK(parameters.encoder.layers[0].query.weight.floats !=
        parameters.encoder.layers[1].query.weight.floats);
  CHECK(new_parameters(config, 9, 0.02).encoder.words.floats == words);
}

}  // namespace
}  // namespace convbert
