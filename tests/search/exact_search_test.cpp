// Nearest rows by cosine, against two loops in doubles.
#include "search/exact_search.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "core/error.h"
#include "search/vectors.h"

namespace convbert {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr double kTolerance = 1e-6;

double cosine_of(std::span<const float> a, std::span<const float> b) {
  double product = 0;
  double a_square = 0;
  double b_square = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    product += double{a[i]} * b[i];
    a_square += double{a[i]} * a[i];
    b_square += double{b[i]} * b[i];
  }
  return product / std::sqrt(a_square * b_square);
}

// Every row of the corpus, by falling score.
std::vector<std::pair<double, std::int64_t>> ranking(Vectors& corpus,
                                                     std::span<const float> query) {
  std::vector<std::pair<double, std::int64_t>> all;
  for (std::int64_t i = 0; i < corpus.rows(); ++i) {
    all.emplace_back(-cosine_of(query, corpus.row(i)), i);
  }
  std::ranges::sort(all);
  return all;
}

TEST_CASE("the nearest are those of two loops, whatever the width and the number of rows") {
  for (const std::int64_t width : {1, 3, 16, 77, 256}) {
    for (const std::int64_t rows : {1, 255, 256, 2500}) {
      CAPTURE(width);
      CAPTURE(rows);
      Vectors corpus = random_vectors(rows, width, 1);
      Vectors queries = random_vectors(37, width, 2);
      const auto found = find_nearest(corpus.table(), queries.view(), {.most = 12});
      REQUIRE(found.size() == 37);
      for (std::int64_t q = 0; q < 37; ++q) {
        const auto expected = ranking(corpus, queries.row(q));
        const auto& matches = found[static_cast<std::size_t>(q)];
        REQUIRE(std::ssize(matches) == std::min<std::int64_t>(12, rows));
        for (std::size_t i = 0; i < matches.size(); ++i) {
          CHECK(std::abs(matches[i].score + expected[i].first) <= kTolerance);
          const double own = cosine_of(queries.row(q), corpus.row(matches[i].number));
          CHECK(std::abs(matches[i].score - own) <= kTolerance);
        }
      }
    }
  }
}

TEST_CASE("of equal scores the lower number comes first, and is the one that is kept") {
  Vectors corpus{4};
  for (int i = 0; i < 1000; ++i) {
    const float scale = static_cast<float>(1 << (i % 5));  // a length does not count
    for (const float value : {1.0F, -2.0F, 0.5F, 3.0F}) corpus.values.push_back(value * scale);
  }
  for (const int threads : {1, 3}) {
    const Vectors query{4, {2.0F, -4.0F, 1.0F, 6.0F}};
    const auto found =
        find_nearest(corpus.table(), query.view(), {.most = 300, .threads = threads});
    REQUIRE(found[0].size() == 300);
    for (std::size_t i = 0; i < 300; ++i) {
      CHECK(found[0][i].number == static_cast<std::int64_t>(i));
      CHECK(found[0][i].score == found[0][0].score);
      CHECK(found[0][i].score <= 1.0F);
    }
  }
}

TEST_CASE("scores are the same bits alone, among others, in any place, on any number of threads") {
  Vectors corpus = random_vectors(3000, 256, 3);
  Vectors queries = random_vectors(1100, 256, 4);  // more than are searched at a time
  for (const auto precision : {nn::Precision::f32, nn::Precision::bf16}) {
    const SearchOptions options{.most = 9, .precision = precision};
    const auto expected = find_nearest(corpus.table(), queries.view(), options);
    for (const int threads : {2, 5}) {
      SearchOptions several = options;
      several.threads = threads;
      CHECK(find_nearest(corpus.table(), queries.view(), several) == expected);
    }
    for (const std::int64_t q : {0, 31, 32, 500, 1023, 1024, 1099}) {
      const auto alone = find_nearest(corpus.table(), queries.view().row_range(q, 1), options);
      CHECK(alone[0] == expected[static_cast<std::size_t>(q)]);
    }
    // The same rows behind others.
    Vectors shifted = random_vectors(101, 256, 5);
    shifted.values.insert(shifted.values.end(), corpus.values.begin(), corpus.values.end());
    auto moved =
        find_nearest(shifted.table(), queries.view(), {.most = 40, .precision = precision});
    for (std::size_t q = 0; q < moved.size(); ++q) {
      std::erase_if(moved[q], [](const Match& match) { return match.number < 101; });
      moved[q].resize(9);
      for (Match& match : moved[q]) match.number -= 101;
      CHECK(moved[q] == expected[q]);
    }
  }
}

TEST_CASE("what has no direction matches nothing, and nothing matches it") {
  Vectors corpus = random_vectors(600, 8, 6);
  for (const std::int64_t bad : {0, 300, 599}) std::ranges::fill(corpus.row(bad), 0.0F);
  corpus.row(17)[3] = kNan;
  corpus.row(18)[0] = std::numeric_limits<float>::infinity();
  Vectors queries = random_vectors(3, 8, 7);
  std::ranges::fill(queries.row(0), 0.0F);
  queries.row(2)[7] = kNan;
  const auto found = find_nearest(corpus.table(), queries.view(), {.most = 1000});
  CHECK(found[0].empty());
  CHECK(found[1].size() == 595);
  CHECK(found[2].empty());
  for (const Match& match : found[1]) {
    for (const std::int64_t bad : {0, 17, 18, 300, 599}) CHECK(match.number != bad);
  }
}

TEST_CASE("lengths that are no floats do not matter") {
  Vectors corpus{2, {1e-30F, 1e-30F, 3e30F, -3e30F, 1.0F, 0.0F}};
  const Vectors query{2, {2e30F, 2e30F}};
  const auto found = find_nearest(corpus.table(), query.view(), {});
  REQUIRE(found[0].size() == 3);
  CHECK(found[0][0].number == 0);
  CHECK(std::abs(found[0][0].score - 1.0) <= kTolerance);
  CHECK(found[0][1].number == 2);
  CHECK(found[0][2].number == 1);
}

TEST_CASE("a threshold, a row that is left out, no matches at all") {
  Vectors corpus = random_vectors(900, 32, 8);
  const auto table = corpus.table();
  std::vector<std::int64_t> own(900);
  for (std::size_t i = 0; i < own.size(); ++i) own[i] = static_cast<std::int64_t>(i);
  const auto found =
      find_nearest(table, corpus.view(), {.most = 5, .least = 0.4F, .left_out = own});
  std::size_t matches = 0;
  for (std::size_t q = 0; q < found.size(); ++q) {
    matches += found[q].size();
    for (const Match& match : found[q]) {
      CHECK(match.score >= 0.4F);
      CHECK(match.number != static_cast<std::int64_t>(q));
    }
  }
  CHECK(matches > 100);
  for (const auto& none : find_nearest(table, corpus.view(), {.most = 0})) CHECK(none.empty());
  CHECK(find_nearest(VectorTable(32), corpus.view(), {})[0].empty());
}

TEST_CASE("pairs are those of two loops, best first, and the same on any number of threads") {
  Vectors corpus = random_vectors(1500, 24, 9);
  std::ranges::copy(std::vector<float>(corpus.row(3).begin(), corpus.row(3).end()),
                    corpus.row(1200).begin());
  std::ranges::fill(corpus.row(77), 0.0F);
  std::vector<std::pair<double, std::pair<std::int64_t, std::int64_t>>> expected;
  for (std::int64_t a = 0; a < 1500; ++a) {
    for (std::int64_t b = a + 1; b < 1500; ++b) {
      if (a != 77 && b != 77) {
        expected.emplace_back(-cosine_of(corpus.row(a), corpus.row(b)), std::pair(a, b));
      }
    }
  }
  std::ranges::sort(expected);
  const auto go_on = [](std::int64_t) { return true; };
  const auto found = find_pairs(corpus.table(), {.most = 500}, go_on);
  REQUIRE(found.size() == 500);
  CHECK(found[0].first == 3);
  CHECK(found[0].second == 1200);
  for (std::size_t i = 0; i < found.size(); ++i) {
    CHECK(found[i].first < found[i].second);
    CHECK(std::abs(found[i].score + expected[i].first) <= kTolerance);
  }
  for (const int threads : {2, 5}) {
    CHECK(find_pairs(corpus.table(), {.most = 500, .threads = threads}, go_on) == found);
  }
  const auto close = find_pairs(corpus.table(), {.most = 1 << 20, .least = 0.7F}, go_on);
  const auto far =
      std::ranges::find_if(expected, [](const auto& pair) { return -pair.first < 0.7; });
  CHECK(std::ssize(close) == far - expected.begin());
  CHECK(find_pairs(corpus.table(), {.most = 500}, [](std::int64_t) { return false; }).empty());
}

TEST_CASE("queries of another width, and int8, are refused") {
  Vectors corpus = random_vectors(3, 8, 10);
  const Vectors queries = random_vectors(1, 9, 11);
  CHECK_THROWS_WITH_AS(find_nearest(corpus.table(), queries.view(), {}),
                       "queries of 9 numbers, where the corpus has 8 a vector", Error);
  CHECK_THROWS_AS(find_nearest(corpus.table(), corpus.view(), {.precision = nn::Precision::int8}),
                  Error);
}

}  // namespace
}  // namespace convbert
