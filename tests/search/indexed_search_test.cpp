// Nearest rows through an index, beside the exact search.
#include "search/indexed_search.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <string>

#include "core/error.h"
#include "search/vectors.h"

namespace convbert {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr std::int64_t kEverything = 1000;  // lists, or rows in view
constexpr IndexKind kKinds[] = {IndexKind::hnsw, IndexKind::ivf};

ApproximateIndex index_of(const VectorRows& corpus, IndexKind kind, int threads = 1) {
  auto index = ApproximateIndex::build(corpus, {.kind = kind, .threads = threads},
                                       [](std::int64_t) { return true; });
  REQUIRE(index);
  return std::move(*index);
}

ApproximateIndex whole_index_of(const VectorRows& corpus, IndexKind kind) {
  ApproximateIndex index = index_of(corpus, kind);
  index.set_effort(kEverything);
  return index;
}

std::string bytes_of(const ApproximateIndex& index) {
  std::string bytes;
  index.write([&](std::string_view piece) { bytes += piece; });
  return bytes;
}

double share_found(const std::vector<std::vector<Match>>& found,
                   const std::vector<std::vector<Match>>& expected) {
  std::size_t same = 0;
  std::size_t all = 0;
  for (std::size_t query = 0; query < expected.size(); ++query) {
    all += expected[query].size();
    for (const Match& match : expected[query]) same += std::ranges::count(found[query], match);
  }
  return static_cast<double>(same) / static_cast<double>(all);
}

TEST_CASE("an index of which everything is looked at finds what the exact search finds") {
  for (const IndexKind kind : kKinds) {
    CAPTURE(name_of(kind));
    for (const auto& shape : {std::pair{900, 24}, {300, 77}, {5, 3}, {1, 256}}) {
      const auto [rows, width] = shape;
      CAPTURE(shape.first);
      Vectors corpus = random_vectors(rows, width, 1);
      const Vectors queries = random_vectors(150, width, 2);
      const VectorTable table = corpus.table();
      const auto exact = find_nearest(table, queries.view(), {.most = 10});
      const auto found = find_nearest(whole_index_of(table, kind), table, queries.view(),
                                      {.most = 10, .threads = 2});
      CHECK(share_found(found, exact) == 1);  // scores too, to the last bit
      CHECK(found == exact);
    }
  }
}

TEST_CASE("with little effort it finds less, and the more the greater it is") {
  Vectors corpus = random_vectors(3000, 16, 3);
  const Vectors queries = random_vectors(100, 16, 4);
  const VectorTable table = corpus.table();
  const auto exact = find_nearest(table, queries.view(), {.most = 10});
  for (const IndexKind kind : kKinds) {
    CAPTURE(name_of(kind));
    ApproximateIndex index = index_of(table, kind);
    double before = 0;
    for (const std::int64_t effort : {1, 24, 100}) {
      index.set_effort(effort);
      const double share =
          share_found(find_nearest(index, table, queries.view(), {.most = 10}), exact);
      CHECK(share > before);
      before = share;
    }
    CHECK(before > 0.95);
  }
}

TEST_CASE(
    "the same vectors give the same bytes on any number of threads, and what is read is what "
    "was written") {
  Vectors corpus = random_vectors(3000, 20, 5);
  const Vectors queries = random_vectors(70, 20, 6);
  const VectorTable table = corpus.table();
  for (const IndexKind kind : kKinds) {
    CAPTURE(name_of(kind));
    const ApproximateIndex index = index_of(table, kind);
    const std::string bytes = bytes_of(index);
    CHECK(bytes_of(index_of(table, kind, 2)) == bytes);
    CHECK(bytes_of(index_of(table, kind, 5)) == bytes);
    const IndexLayout layout(std::as_bytes(std::span(bytes)), "file");
    CHECK(layout.kind() == kind);
    CHECK(layout.rows() == 3000);
    CHECK(layout.width() == 20);
    const ApproximateIndex read(layout);
    CHECK(read.kind() == kind);
    CHECK(bytes_of(read) == bytes);
    const auto found = find_nearest(index, table, queries.view(), {.most = 5});
    CHECK(find_nearest(read, table, queries.view(), {.most = 5, .threads = 3}) == found);
    for (std::int64_t query = 0; query < 70; query += 23) {  // alone as among others
      CHECK(find_nearest(read, table, queries.view().row_range(query, 1), {.most = 5})[0] ==
            found[static_cast<std::size_t>(query)]);
    }
  }
}

TEST_CASE("vectors without a direction match nothing, and a left out row is not missed") {
  Vectors corpus = random_vectors(200, 8, 7);
  for (const std::int64_t row : {0, 7, 199}) std::ranges::fill(corpus.row(row), 0.0F);
  corpus.row(8)[3] = kNan;
  std::ranges::copy(corpus.row(20), corpus.row(90).begin());
  const VectorTable table = corpus.table();
  std::vector<std::int64_t> own;
  for (std::int64_t i = 0; i < 200; ++i) own.push_back(i);
  const SearchOptions options{.most = 4, .least = 0.2F, .left_out = own};
  const auto exact = find_nearest(table, corpus.view(), options);
  for (const IndexKind kind : kKinds) {
    CAPTURE(name_of(kind));
    const auto found = find_nearest(whole_index_of(table, kind), table, corpus.view(), options);
    CHECK(found == exact);
    CHECK(found[7].empty());
    CHECK(found[8].empty());
    CHECK(found[20].front().number == 90);
  }
}

TEST_CASE("a corpus of one text many times, or of nothing that can be used, has an index") {
  for (const float value : {1.0F, 0.0F}) {
    Vectors corpus{4, std::vector<float>(4 * 300, value)};
    const VectorTable table = corpus.table();
    for (const IndexKind kind : kKinds) {
      CAPTURE(name_of(kind));
      const auto found = find_nearest(whole_index_of(table, kind), table,
                                      corpus.view().row_range(0, 1), {.most = 3});
      CHECK(found[0].size() == (value == 0 ? 0 : 3));
    }
  }
}

TEST_CASE("a text that comes often hides no others") {
  Vectors corpus = random_vectors(3000, 12, 10);
  for (std::int64_t row = 1; row < 1000; ++row) {
    std::ranges::copy(corpus.row(0), corpus.row(row).begin());
  }
  Vectors queries = random_vectors(50, 12, 11);
  std::ranges::copy(corpus.row(0), queries.row(0).begin());
  const VectorTable table = corpus.table();
  const auto exact = find_nearest(table, queries.view(), {.most = 10});
  for (const IndexKind kind : kKinds) {
    CAPTURE(name_of(kind));
    ApproximateIndex index = index_of(table, kind);
    index.set_effort(100);
    const auto found = find_nearest(index, table, queries.view(), {.most = 10});
    int same = 0;
    for (std::size_t query = 0; query < 50; ++query) {
      REQUIRE(found[query].size() == 10);
      for (std::size_t i = 0; i < 10; ++i) same += found[query][i].score == exact[query][i].score;
    }
    CHECK(same > 490);
    CHECK(found[0] == exact[0]);  // of equal ones the lower numbers
  }
}

TEST_CASE("building tells how far it is, and stops when it is told to") {
  Vectors corpus = random_vectors(5000, 4, 8);
  const VectorTable table = corpus.table();
  for (const IndexKind kind : kKinds) {
    CAPTURE(name_of(kind));
    std::int64_t calls = 0;
    std::int64_t last = 0;
    CHECK(ApproximateIndex::build(table, {.kind = kind}, [&](std::int64_t rows) {
      CHECK(rows >= last);
      last = rows;
      return ++calls > 0;
    }));
    CHECK(calls > 1);
    CHECK_FALSE(
        ApproximateIndex::build(table, {.kind = kind}, [&](std::int64_t) { return --calls > 0; }));
    CHECK(calls == 0);
  }
  const VectorTable nothing(4);
  CHECK_THROWS_WITH_AS(index_of(nothing, IndexKind::hnsw),
                       doctest::Contains("expected 1 to 2147483646 vectors, found 0"), Error);
  const Vectors wide = random_vectors(1, 5, 9);
  CHECK_THROWS_WITH_AS(
      find_nearest(index_of(table, IndexKind::ivf), table, wide.view(), {.most = 1}),
      doctest::Contains("queries of 5 numbers, where the corpus has 4"), Error);
}

}  // namespace
}  // namespace convbert
