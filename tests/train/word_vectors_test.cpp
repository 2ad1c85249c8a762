// Word embeddings that begin with vectors of another model: what they keep of these, and what
// stays.
#include "train/word_vectors.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include "nn/reference.h"

namespace convbert {
namespace {

constexpr std::int64_t kTokens = 40;
constexpr std::int64_t kSize = 6;  // of an embedding

Values table() { return {"words", {kTokens, kSize}, nn::Random(3).floats(kTokens * kSize)}; }

// Every token but each fifth.
std::vector<std::int32_t> known_tokens() {
  std::vector<std::int32_t> tokens;
  for (std::int32_t token = 0; token < kTokens; ++token) {
    if (token % 5 != 0) tokens.push_back(token);
  }
  return tokens;
}

double product(std::span<const float> a, std::span<const float> b) {
  return std::inner_product(
      a.begin(), a.end(), b.begin(), 0.0, [](double x, double y) { return x + y; },
      [](float x, float y) { return double{x} * double{y}; });
}

std::span<const float> embedding(const Values& words, std::int32_t token) {
  return std::span(words.floats).subspan(static_cast<std::size_t>(token * kSize), kSize);
}

// Directions without their mean.
std::vector<float> centred(std::vector<float> vectors, std::int64_t width) {
  const auto w = static_cast<std::size_t>(width);
  std::vector<double> mean(w);
  for (std::size_t first = 0; first < vectors.size(); first += w) {
    const std::span<float> vector = std::span(vectors).subspan(first, w);
    const double length = std::sqrt(product(vector, vector));
    for (std::size_t i = 0; i < w; ++i) {
      vector[i] = static_cast<float>(vector[i] / length);
      mean[i] += double{vector[i]} * double(width) / double(vectors.size());
    }
  }
  for (std::size_t i = 0; i < vectors.size(); ++i) vectors[i] -= static_cast<float>(mean[i % w]);
  return vectors;
}

TEST_CASE("embeddings have the inner products of the vectors' directions around their mean") {
  const std::vector<std::int32_t> tokens = known_tokens();
  std::vector<float> vectors = nn::Random(5).floats(std::ssize(tokens) * kSize);
  for (std::size_t i = 0; i < kSize; ++i) vectors[3 * kSize + i] *= 100.0f;  // lengths say nothing
  const std::vector<float> directions = centred(vectors, kSize);

  Values words = table();
  const double kept =
      begin_with_word_vectors(words, tokens, {vectors.data(), std::ssize(tokens), kSize, kSize}, 1);
  CHECK(kept == doctest::Approx(1.0));
  const double scale = 0.01 * double(directions.size()) / product(directions, directions);
  double farthest = 0.0;
  for (std::size_t a = 0; a < tokens.size(); ++a) {
    for (std::size_t b = 0; b < tokens.size(); ++b) {
      const auto direction = [&](std::size_t row) {
        return std::span(directions).subspan(row * kSize, kSize);
      };
      const double expected = scale * product(direction(a), direction(b));
      const double found = product(embedding(words, tokens[a]), embedding(words, tokens[b]));
      farthest = std::max(farthest, std::abs(found - expected));
    }
  }
  CHECK(farthest < 1e-6);
}

TEST_CASE("other tokens stay as they are, and threads change nothing") {
  const std::vector<std::int32_t> tokens = known_tokens();
  const std::int64_t width = 3 * kSize;
  const std::vector<float> given = nn::Random(6).floats(std::ssize(tokens) * width);
  std::vector<std::vector<float>> results;
  for (const int threads : {1, 3}) {
    std::vector<float> vectors = given;
    Values words = table();
    const double kept = begin_with_word_vectors(
        words, tokens, {vectors.data(), std::ssize(tokens), width, width}, threads);
    CHECK(kept > double(kSize) / double(width));
    CHECK(kept < 1.0);
    const Values before = table();
    for (std::int32_t token = 0; token < kTokens; token += 5) {
      CHECK(std::ranges::equal(embedding(words, token), embedding(before, token)));
    }
    results.push_back(words.floats);
  }
  CHECK(results[0] == results[1]);
}

TEST_CASE("vectors that are all the same, or none, tell no words apart") {
  const std::vector<std::int32_t> tokens = known_tokens();
  std::vector<float> vectors(tokens.size() * kSize, 0.25f);
  Values words = table();
  CHECK(begin_with_word_vectors(words, tokens, {vectors.data(), std::ssize(tokens), kSize, kSize},
                                1) == 0.0);
  CHECK(words.floats == table().floats);
  CHECK(begin_with_word_vectors(words, {}, {nullptr, 0, kSize, kSize}, 1) == 0.0);
  CHECK(words.floats == table().floats);
}

}  // namespace
}  // namespace convbert
