// Files of an index that are not what they should be.
#include "search/index_layout.h"

#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <string>

#include "core/error.h"
#include "search/approximate/approximate_index.h"
#include "search/vectors.h"

namespace convbert {
namespace {

constexpr std::int64_t kRows = 60;
constexpr std::int64_t kWidth = 3;
constexpr IndexKind kKinds[] = {IndexKind::hnsw, IndexKind::ivf};

const VectorTable& corpus() {
  static const VectorTable table = random_vectors(kRows, kWidth, 1).table();
  return table;
}

std::string index_bytes(IndexKind kind) {
  const auto index =
      ApproximateIndex::build(corpus(), {.kind = kind}, [](std::int64_t) { return true; });
  std::string bytes;
  index->write([&](std::string_view piece) { bytes += piece; });
  return bytes;
}

IndexLayout layout_of(const std::string& bytes) {
  return {std::as_bytes(std::span(bytes)), "file"};
}

// "" for an index; else the message. Whatever is accepted can be read and searched.
std::string complaint(const std::string& bytes) {
  try {
    const IndexLayout layout = layout_of(bytes);
    const ApproximateIndex index(layout);
    const Vectors queries{3, {1, 0, 0, 0, 0.6F, 0.8F}};
    if (layout.width() != kWidth) return "";
    for (const auto& numbers : index.candidates(queries.view(), 70)) {
      for (const std::int64_t number : numbers) REQUIRE(number < layout.rows());
    }
    return "";
  } catch (const Error& error) {
    REQUIRE(error.kind() == ErrorKind::format);
    return error.what();
  }
}

template <class Value>
std::string with(std::string bytes, std::size_t at, Value value) {
  REQUIRE(at + sizeof(value) <= bytes.size());
  std::memcpy(bytes.data() + at, &value, sizeof(value));
  return bytes;
}

TEST_CASE("a file that is cut short, or has more bytes, is refused wherever it ends") {
  for (const IndexKind kind : kKinds) {
    const std::string bytes = index_bytes(kind);
    REQUIRE(complaint(bytes).empty());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      INFO(size);
      REQUIRE_FALSE(complaint(bytes.substr(0, size)).empty());
    }
    CHECK(complaint(bytes + '\0').find("more bytes than an index has") != std::string::npos);
  }
}

TEST_CASE("any bytes that are changed give an error or an index that can be searched") {
  std::mt19937 random(7);
  for (const IndexKind kind : kKinds) {
    const std::string bytes = index_bytes(kind);
    int refused = 0;
    constexpr int kTrials = 6000;
    for (int trial = 0; trial < kTrials; ++trial) {
      std::string changed = bytes;
      // Most of them where the numbers are that a reader would follow.
      const std::size_t reach = trial % 3 == 0 ? bytes.size() : 400;
      for (unsigned change = 0; change <= random() % 2; ++change) {
        const std::size_t at = random() % (reach - sizeof(std::uint64_t));
        constexpr std::uint64_t kNumbers[] = {
            0,          1,          2,          0x7F, 0xFF, 0x7FFFFFFF,
            0x80000000, 0xFFFFFFFF, 0x7FC00000, 60,   61,   ~std::uint64_t{0}};
        const std::uint64_t number = kNumbers[random() % std::size(kNumbers)];
        const std::size_t size = std::size_t{1} << (random() % 4);
        if (random() % 2 == 0) {
          std::memcpy(changed.data() + at, &number, size);
        } else {
          changed[at] = static_cast<char>(changed[at] ^ (1 << (random() % 8)));
        }
      }
      if (!complaint(changed).empty()) ++refused;
    }
    CAPTURE(name_of(kind));
    CHECK(refused > kTrials / 4);
  }
}

// Where the parts of an index of these rows lie.
constexpr std::size_t kHeader = 37;  // with its letters
constexpr std::size_t kVectors = kRows * kWidth * sizeof(float);

TEST_CASE("what is wrong is said") {
  const std::string graph = index_bytes(IndexKind::hnsw);
  const std::string lists = index_bytes(IndexKind::ivf);
  const auto says = [](const std::string& bytes, const std::string& expected) {
    INFO(expected);
    const std::string found = complaint(bytes);
    INFO(found);
    CHECK(found.starts_with("file: "));
    CHECK(found.find(expected) != std::string::npos);
  };
  says("", "expected an index of FAISS, IndexHNSWFlat or IndexIVFFlat, found a file without");
  says("IxFI" + graph.substr(4), "found \"IxFI\"");
  says("\x1b[2J" + graph.substr(4), "found \"?[2J\"");
  for (const std::string& bytes : {graph, lists}) {
    says(with(bytes, 4, std::int32_t{0}), "a damaged index: an impossible width");
    says(with(bytes, 4, std::int32_t{1} << 20), "an impossible width");
    says(with(bytes, 8, std::int64_t{0}), "an impossible number of rows");
    says(with(bytes, 8, std::int64_t{-1}), "an impossible number of rows");
    says(with(bytes, 8, std::int64_t{1} << 30), "more rows than the file holds");
    says(with(bytes, 8, std::int64_t{kRows - 1}), "");
    says(with(bytes, 32, std::uint8_t{0}), "no trained index");
    says(with(bytes, 33, std::int32_t{1}), "another metric than the inner product");
  }
  // The graph: its chances, its levels, rows' levels, offsets, links.
  std::size_t at = kHeader;
  const auto length = [&](const std::string& bytes) {
    std::uint64_t count = 0;
    std::memcpy(&count, bytes.data() + at, sizeof(count));
    return count;
  };
  says(with(graph, at, ~std::uint64_t{0}), "numbers, which the file does not hold,");
  at += 8 + length(graph) * sizeof(double);
  says(with(graph, at + 8, std::int32_t{1}), "impossible levels");
  says(with(graph, at + 12, std::int32_t{-1}), "impossible levels");
  says(with(graph, at + 12, std::int32_t{1} << 17), "impossible levels");
  at += 8 + length(graph) * sizeof(std::int32_t);
  says(with(graph, at + 8, std::int32_t{0}), "a row on an impossible level");
  says(with(graph, at + 8, std::int32_t{99}), "a row on an impossible level");
  at += 8 + length(graph) * sizeof(std::int32_t);
  says(with(graph, at + 8, std::uint64_t{1}), "another number of rows");
  says(with(graph, at + 16, std::uint64_t{1} << 40), "a row whose links lie elsewhere");
  at += 8 + length(graph) * sizeof(std::uint64_t);
  says(with(graph, at + 8, std::int32_t{kRows}), "a link to no row");
  says(with(graph, at + 8, std::int32_t{-2}), "a link to no row");
  at += 8 + length(graph) * sizeof(std::int32_t);
  says(with(graph, at, std::int32_t{-1}), "a search that begins at no such row");
  says(with(graph, at, std::int32_t{kRows}), "a search that begins at no such row");
  says(with(graph, at + 4, std::int32_t{9}), "a search that begins at no such row");
  says(with(graph, at + 16, std::int32_t{2}), "another beam than 1");
  CHECK(complaint(with(graph, at + 12, std::int32_t{0x7FFFFFFF}))
            .empty());  // its effort: ours counts
  at += 20;
  says(with(graph, at, 'x'), "something else than vectors");
  says(with(graph, at + 8, std::int64_t{kRows - 1}), "another number of vectors");
  says(with(graph, at + kHeader, std::uint64_t{5}), "another number of numbers");
  says(with(graph, at + kHeader + 8, std::numeric_limits<float>::quiet_NaN()),
       "a vector that is not of length 1");
  says(with(graph, at + kHeader + 8, 1e30F), "a vector that is not of length 1");
  CHECK(at + kHeader + 8 + kVectors == graph.size());

  // The lists: their number, the centroids, no map, lengths, then vectors and row numbers.
  at = kHeader;
  const std::uint64_t count = length(lists);
  says(with(lists, at, std::uint64_t{0}), "an impossible number of lists");
  says(with(lists, at, count + 1), "another number of vectors");
  CHECK(complaint(with(lists, at + 8, ~std::uint64_t{0})).empty());  // its effort
  at += 16 + kHeader + 8 + count * kWidth * sizeof(float);
  says(with(lists, at, std::uint8_t{1}), "a map from rows to places");
  says(with(lists, at + 1, std::uint64_t{1}), "a map from rows to places");
  at += 9;
  says(with(lists, at, 'x'), "something else than lists");
  says(with(lists, at + 4, count - 1), "another number of lists");
  says(with(lists, at + 12, std::uint64_t{8}), "vectors of another size");
  says(with(lists, at + 20, 'x'), "lists of no known lengths");
  says(with(lists, at + 24, count - 1), "another number of lists");
  says(with(lists, at + 32, ~std::uint64_t{0}), "lists of more rows than there are");
  says(with(lists, lists.size() - 8, std::int64_t{kRows}), "a list with no such row");
  says(with(lists, lists.size() - 8, std::int64_t{-1}), "a list with no such row");
  std::int64_t last = 0;
  std::memcpy(&last, lists.data() + lists.size() - 8, sizeof(last));
  says(with(lists, lists.size() - 8, last == 0 ? std::int64_t{1} : last - 1),
       "a row in two places");
}

TEST_CASE("an index knows its corpus") {
  for (const IndexKind kind : kKinds) {
    CAPTURE(name_of(kind));
    const std::string bytes = index_bytes(kind);
    const IndexLayout layout = layout_of(bytes);
    layout.expect_of(corpus());
    Vectors longer = random_vectors(kRows, kWidth, 1);  // of other lengths: the same directions
    for (float& value : longer.values) value *= 3;
    layout.expect_of(longer.table());
    const auto refuses = [&](const VectorTable& other, const char* reason) {
      CHECK_THROWS_WITH_AS(layout.expect_of(other), doctest::Contains(reason), Error);
    };
    refuses(
        random_vectors(kRows + 1, kWidth, 1).table(),
        "an index of another corpus: expected 61 vectors of 3 numbers, found 60 of 3; remove it");
    refuses(random_vectors(kRows, kWidth + 1, 1).table(), "expected 60 vectors of 4 numbers");
    for (const std::int64_t row : {0, 31, 59}) {
      Vectors other = random_vectors(kRows, kWidth, 1);
      other.row(row)[0] += 1;
      refuses(other.table(), "differs; remove it, and it is built anew, or name another file");
      for (float& value : other.row(row)) value = 0;
      refuses(other.table(), "differs");
    }
  }
}

}  // namespace
}  // namespace convbert
