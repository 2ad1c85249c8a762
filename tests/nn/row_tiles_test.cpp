// How rows are cut into tiles, alone and where two operations take turns.
#include "nn/row_tiles.h"

#include <doctest/doctest.h>

#include <vector>

#include "nn/padded_rows.h"

namespace convbert::nn {
namespace {

std::vector<RowTiles> all_tiles() {
  std::vector<RowTiles> all{RowTiles::of_whole_blocks()};
  for (std::int64_t tallest = 8; tallest <= 512; tallest *= 2) {
    all.push_back(RowTiles::down_from(tallest));
  }
  all.push_back(RowTiles::of({512, 256, 128, 64, 8}));
  all.push_back(RowTiles::of({64, 32, 16}));
  all.push_back(RowTiles::of({16}));
  return all;
}

TEST_CASE("tiles cover each row once and stay within the padding") {
  for (const RowTiles& tiles : all_tiles()) {
    for (std::int64_t rows = 1; rows <= 700; ++rows) {
      std::int64_t next = 0;
      std::int64_t end = 0;
      bool is_exact = true;
      tiles.for_each(rows, [&](std::int64_t first, std::size_t index, std::int64_t count) {
        is_exact &= first == next && count > 0 && count <= tiles.heights()[index];
        next = first + count;
        end = first + tiles.heights()[index];
      });
      INFO(tiles.heights().front(), ", ", rows, " rows");
      REQUIRE(is_exact);
      REQUIRE(next == rows);
      REQUIRE(end <= padded_rows(rows));
    }
  }
}

TEST_CASE("two operations go by the heights that both have") {
  const RowTiles tall = RowTiles::of({512, 64, 8});
  CHECK(RowTiles::for_both(tall, tall) == tall);
  const RowTiles both = RowTiles::for_both(RowTiles::down_from(128), tall);
  CHECK(both.heights() == std::vector<std::int64_t>{64, 8});
  CHECK(RowTiles::down_from(128).has(both));
  CHECK_FALSE(both.has(tall));
  // 64 alone would run beyond what a matrix has room for.
  CHECK(RowTiles::for_both(RowTiles::of({64, 16}), RowTiles::of({64, 8})).heights() ==
        std::vector<std::int64_t>{48});
}

// As FeedForward goes: a tile passes through both operations, each of which writes whole tiles of
// its own. What is written beyond a tile's rows would be another tile's, or nobody's.
TEST_CASE("where two operations take turns, no tile of either runs into the next rows") {
  for (const RowTiles& one : all_tiles()) {
    for (const RowTiles& other : all_tiles()) {
      const RowTiles both = RowTiles::for_both(one, other);
      for (std::int64_t rows = 1; rows <= 200; ++rows) {
        bool is_within = true;
        both.for_each(rows, [&](std::int64_t first, std::size_t, std::int64_t count) {
          for (const RowTiles& own : {one, other}) {
            own.for_each(count, [&](std::int64_t begin, std::size_t index, std::int64_t) {
              const std::int64_t end = first + begin + own.heights()[index];
              const bool is_last = first + count == rows;
              is_within &= end <= (is_last ? padded_rows(rows) : first + count);
            });
          }
        });
        INFO(one.heights().front(), " and ", other.heights().front(), ", ", rows, " rows");
        REQUIRE(is_within);
      }
    }
  }
}

}  // namespace
}  // namespace convbert::nn
