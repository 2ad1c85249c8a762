#include "model/useful_flops.h"

#include <doctest/doctest.h>

namespace convbert {
namespace {

// Hidden states of 4 features, 2 layers, inner layers of 8.
ModelConfig tiny_bert() {
  ModelConfig config;
  config.embedding_size = 4;
  config.hidden_size = 4;
  config.layers = 2;
  config.intermediate_size = 8;
  config.attention_heads = 2;
  config.head_size = 2;
  return config;
}

// One head of two features beside the convolution's one, whose kernels have three taps.
ModelConfig tiny_convbert() {
  ModelConfig config = tiny_bert();
  config.family = Family::convbert;
  config.layers = 1;
  config.attention_heads = 1;
  config.convolution = ConvolutionConfig{.head_ratio = 2, .kernel_size = 3};
  return config;
}

// Counted by hand, in multiplications with their additions, of 3 tokens.
TEST_CASE("useful work of BERT") {
  constexpr std::int64_t kProjections = 4 * (3 * 4 * 4);
  constexpr std::int64_t kScores = 2 * (3 * 3 * 2);  // two heads of 3 by 3 dots of 2 features
  constexpr std::int64_t kMixedValues = kScores;
  constexpr std::int64_t kFeedForward = 3 * 4 * 8 + 3 * 8 * 4;
  constexpr std::int64_t kLayer = kProjections + kScores + kMixedValues + kFeedForward;
  CHECK(kLayer == 456);
  CHECK(useful_flops(tiny_bert(), 3) == 2 * 2 * kLayer);
}

TEST_CASE("useful work of ELECTRA's embedding projection") {
  ModelConfig config = tiny_bert();
  config.embedding_size = 2;
  CHECK(useful_flops(config, 3) == useful_flops(tiny_bert(), 3) + 2 * (3 * 2 * 4));
}

TEST_CASE("useful work of ConvBERT") {
  constexpr std::int64_t kProjections = 4 * (3 * 4 * 2);  // the convolution's value, too
  constexpr std::int64_t kSpan = 3 * 4 * 3 + 3 * 4 * 2;   // depthwise, pointwise
  constexpr std::int64_t kKernels = 3 * 2 * 3;            // from 2 features 3 taps of one head
  constexpr std::int64_t kMixedByKernels = 3 * 3 * 2;
  constexpr std::int64_t kScoresAndValues = 2 * (3 * 3 * 2);
  constexpr std::int64_t kOutput = 3 * 4 * 4;
  constexpr std::int64_t kFeedForward = 2 * (3 * 4 * 8);
  constexpr std::int64_t kAttention =
      kProjections + kSpan + kKernels + kMixedByKernels + kScoresAndValues + kOutput;
  CHECK(kAttention == 276);
  CHECK(useful_flops(tiny_convbert(), 3) == 2 * (kAttention + kFeedForward));

  // Two groups: each half of the features goes through a quarter of the matrix.
  ModelConfig grouped = tiny_convbert();
  grouped.groups = 2;
  CHECK(useful_flops(grouped, 3) == 2 * (kAttention + kFeedForward / 2));
}

TEST_CASE("useful work of a head: its dense layer and its outputs") {
  ModelConfig config = tiny_bert();  // hidden 4
  const HeadForm& words = *form_of(HeadKind::masked_lm, Family::bert);
  CHECK(useful_head_flops(words, config, 10, 3) == 2 * 3 * (4 * 4 + 4 * 10));
  config.family = Family::electra;
  config.embedding_size = 2;  // words are scored at the width of the embeddings
  const HeadForm& narrow = *form_of(HeadKind::masked_lm, Family::electra);
  CHECK(useful_head_flops(narrow, config, 10, 3) == 2 * 3 * (4 * 2 + 2 * 10));
  const HeadForm& replaced = *form_of(HeadKind::replaced_token_detection, Family::electra);
  CHECK(useful_head_flops(replaced, config, 1, 3) == 2 * 3 * (4 * 4 + 4));
}

TEST_CASE("useful work of several texts is the sum of each alone") {
  const std::int64_t lengths[] = {3, 1, 7};
  const ModelConfig config = tiny_convbert();
  CHECK(useful_flops(config, lengths) ==
        useful_flops(config, 3) + useful_flops(config, 1) + useful_flops(config, 7));
}

}  // namespace
}  // namespace convbert
