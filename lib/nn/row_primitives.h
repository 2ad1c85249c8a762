// A primitive that treats every row of a dense matrix alike, for any number of rows.
// Private to lib/nn.
#pragma once

#include <cstdint>
#include <memory>

#include "nn/primitive.h"
#include "nn/row_tiles.h"

namespace convbert::nn {

// To ask oneDNN for its kernel by.
inline constexpr std::int64_t kSomeRows = 8;

// It is made for a few heights, which cover a matrix of any; the last may reach beyond the matrix,
// into the room of PaddedRows.
template <class Kind>
class RowPrimitives {
 public:
  // Calls run(primitive, first row) for tiles that cover `rows` rows; describe(height) returns the
  // Kind::primitive_desc of a tile.
  template <class Describe, class Run>
  void for_each_tile(std::int64_t rows, Describe describe, Run run) const {
    tiles_.for_each(rows, [&](std::int64_t first, std::size_t index, std::int64_t) {
      const std::int64_t height = tiles_.heights()[index];
      const auto primitive = cache_.get(
          {height}, [&] { return std::make_shared<const Primitive<Kind>>(describe(height)); });
      run(*primitive, first);
    });
  }

 private:
  static constexpr std::int64_t kTallest = 512;
  static constexpr std::size_t kMost = 32;  // heights times numbers of threads

  RowTiles tiles_ = RowTiles::down_from(kTallest);
  PrimitiveCache<Primitive<Kind>> cache_{kMost};
};

}  // namespace convbert::nn
