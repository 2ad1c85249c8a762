// What is kept of the windows of a text one after another is what all of them together give.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "api/answers.h"
#include "api/entities.h"
#include "api/vectors.h"
#include "text/windows.h"

namespace convbert {
namespace {

Tokenizer small_tokenizer() {
  TokenizerSpec spec;
  spec.vocab = Vocab::from_lines("[UNK]\n[CLS]\n[SEP]\na\n##a\nb\n##b\n?\n", "vocab.txt");
  spec.single = single_template(1, 2);
  spec.pair = pair_template(1, 2);
  return Tokenizer(std::move(spec));
}

using Range = std::pair<std::uint32_t, std::uint32_t>;

std::vector<std::pair<float, Range>> pairs_of(const std::vector<Answer>& answers) {
  std::vector<std::pair<float, Range>> pairs;
  for (const auto& [score, range] : answers) pairs.push_back({score, {range.begin, range.end}});
  return pairs;
}

TEST_CASE("the best answers of many windows are the best of each window's") {
  const Tokenizer tokenizer = small_tokenizer();
  std::mt19937 generator(5);
  std::string context;
  for (int i = 0; i < 300; ++i) context += "  ab"[generator() % 4];
  const Encoding whole = tokenizer.encode("a?", context);
  const Windows windows(whole, {.max_length = 20, .overlap = 9});
  REQUIRE(windows.size() > 15);
  for (const std::size_t count : {1, 3, 10}) {
    const AnswerOptions options{.most_tokens = 5, .count = count};
    BestAnswers best(tokenizer, options);
    std::map<Range, float> scores;  // the better one where two windows have an answer
    for (std::size_t i = 0; i < windows.size(); ++i) {
      const Encoding window = windows.cut(whole, i);
      std::vector<float> values(2 * window.size());
      for (float& value : values) value = static_cast<float>(generator() % 4);  // many are equal
      const ConstMatrixView logits{values.data(), static_cast<std::int64_t>(window.size()), 2, 2};
      best.add(window, logits);
      BestAnswers of_window(tokenizer, options);
      of_window.add(window, logits);
      for (const auto& [score, range] : pairs_of(of_window.list())) {
        scores[range] = std::max(scores[range], score);
      }
    }
    std::vector<std::pair<float, Range>> expected;
    for (const auto& [range, score] : scores) expected.emplace_back(score, range);
    std::ranges::stable_sort(expected, std::ranges::greater{}, &std::pair<float, Range>::first);
    expected.resize(count);
    CHECK(pairs_of(best.list()) == expected);
  }
}

TEST_CASE("the score of no answer is the least of any window, behind answers that are as good") {
  const Tokenizer tokenizer = small_tokenizer();
  const Encoding window = tokenizer.encode("a", "b");  // [CLS] a [SEP] b [SEP]
  BestAnswers best(tokenizer, {.count = 2, .may_be_empty = true});
  const auto add = [&](float empty) {
    const std::vector<float> logits{empty, empty, 0, 0, 0, 0, 0, 0, 0, 0};
    best.add(window, {logits.data(), 5, 2, 2});
  };
  add(3);
  add(0);
  CHECK(pairs_of(best.list()) ==
        std::vector<std::pair<float, Range>>{{0.25F, {0, 1}}, {0.25F, {0, 0}}});
  add(-3);
  CHECK(best.list().front().score > 0.9F);
  CHECK(best.list().back().score < 0.01F);
}

// The same of all windows' entities at once.
std::vector<Entity> merged(std::vector<Entity> entities) {
  std::ranges::stable_sort(entities, {}, [](const Entity& entity) { return entity.range.begin; });
  std::vector<Entity> merged;
  for (const Entity& entity : entities) {
    if (merged.empty() || entity.range.begin >= merged.back().range.end) {
      merged.push_back(entity);
      continue;
    }
    Entity& before = merged.back();
    const auto length = entity.range.end - entity.range.begin;
    const auto length_before = before.range.end - before.range.begin;
    if (length > length_before || (length == length_before && entity.score > before.score)) {
      before = entity;
    }
  }
  return merged;
}

TEST_CASE("entities that are merged window by window are those of all windows at once") {
  std::mt19937 generator(6);
  for (int round = 0; round < 200; ++round) {
    EntityMerger merger;
    std::vector<Entity> all;
    std::uint32_t begin = 0;
    for (int window = 0; window < 12; ++window) {
      std::vector<Entity> entities;
      for (std::uint32_t at = begin; at < begin + 20; at += 1 + generator() % 4) {
        if (generator() % 3 == 0) continue;
        entities.push_back({.label = std::to_string(generator() % 3),
                            .score = static_cast<float>(generator() % 4),
                            .index = window,
                            .range = {at, at + 1 + static_cast<std::uint32_t>(generator() % 5)}});
      }
      all.insert(all.end(), entities.begin(), entities.end());
      merger.add(std::move(entities), begin);
      begin += static_cast<std::uint32_t>(generator() % 12);
    }
    const std::vector<Entity> found = merger.finish();
    const std::vector<Entity> expected = merged(all);
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      CHECK(found[i].label == expected[i].label);
      CHECK(found[i].score == expected[i].score);
      CHECK(found[i].index == expected[i].index);
      CHECK(found[i].range == expected[i].range);
    }
  }
}

TEST_CASE("a mean counts each window by its tokens, and leaves a lone one as it is") {
  const std::vector<float> first{4, -0.0F};
  const std::vector<float> second{8, 1};
  WindowMean mean(4);
  mean.add(first, 3);
  mean.add(second, 1);
  CHECK(mean.mean() == std::vector<float>{5, 0.25F});
  WindowMean lone(3);
  lone.add(first, 3);
  CHECK(lone.mean() == first);
  CHECK(std::signbit(lone.mean()[1]));
}

}  // namespace
}  // namespace convbert
