// How a matrix of any number of rows is cut into the heights that primitives exist for.
// Private to lib/nn.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <utility>
#include <vector>

namespace convbert::nn {

// The least height, 8, 16 or 24, divides this. Only a tile of that height may begin with
// fewer rows left than it has, so none passes padded_rows().
inline constexpr std::int64_t kRowGranule = 48;

class RowTiles {
 public:
  // Heights from `tallest`, a power of two, down to 8, for kernels that compute a row alike in a
  // tile of any height: oneDNN's batch-reduce (brgemm) kernels, of those with AMX some heights.
  static RowTiles down_from(std::int64_t tallest) {
    RowTiles tiles;
    for (std::int64_t height = tallest; height >= 8; height /= 2) tiles.heights_.push_back(height);
    return tiles;
  }
  // Any heights, the tallest first; fits_padding() must hold.
  static RowTiles of(std::vector<std::int64_t> heights) {
    RowTiles tiles;
    tiles.heights_ = std::move(heights);
    return tiles;
  }
  // Two heights, for kernels whose order of summation follows the height (oneDNN's older gemm):
  // a row must not change with the batch that it is in. Both are multiples of their register
  // blocks of 3, 4, 6 and 8 rows, and 48 is as fast there as taller tiles.
  static RowTiles of_whole_blocks() {
    RowTiles tiles;
    tiles.heights_ = {kRowGranule, kRowGranule / 2};
    return tiles;
  }

  // Tiles for work that goes through two operations by turns: heights that both have; else, where
  // each cuts a tile by heights of its own, one that whole tiles of either fill.
  static RowTiles for_both(const RowTiles& one, const RowTiles& other) {
    std::vector<std::int64_t> common;
    std::ranges::set_intersection(one.heights_, other.heights_, std::back_inserter(common),
                                  std::ranges::greater());
    return fits_padding(common) ? of(std::move(common)) : of({kRowGranule});
  }

  // Whether the last tile ends where a matrix has room, see kRowGranule.
  static bool fits_padding(const std::vector<std::int64_t>& heights) {
    return !heights.empty() && kRowGranule % heights.back() == 0;
  }

  // Whether all of the heights of `some` are among these.
  bool has(const RowTiles& some) const {
    return std::ranges::includes(heights_, some.heights_, std::ranges::greater());
  }

  const std::vector<std::int64_t>& heights() const { return heights_; }
  bool operator==(const RowTiles&) const = default;

  // Calls visit(first_row, index of the height, rows) for tiles that cover `rows` rows; only the
  // last may have fewer rows than its height, by less than the smallest height.
  template <class Visit>
  void for_each(std::int64_t rows, Visit visit) const {
    std::int64_t first = 0;
    for (std::size_t index = 0; index < heights_.size(); ++index) {
      const std::int64_t height = heights_[index];
      const bool last = index + 1 == heights_.size();
      while (rows - first >= height || (last && first < rows)) {
        visit(first, index, rows - first < height ? rows - first : height);
        first += height;
      }
    }
  }

 private:
  std::vector<std::int64_t> heights_;
};

}  // namespace convbert::nn
