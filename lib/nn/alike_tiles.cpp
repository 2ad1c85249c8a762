#include "nn/alike_tiles.h"

#include <algorithm>
#include <vector>

namespace convbert::nn {

RowTiles alike_tiles(const RowTiles& tiles, std::int64_t row_bytes, const RunTile& run) {
  const std::vector<std::int64_t>& heights = tiles.heights();
  std::vector<std::vector<std::byte>> rows;  // of each height
  for (std::size_t tile = 0; tile < heights.size(); ++tile) {
    rows.emplace_back(static_cast<std::size_t>(heights[tile] * row_bytes));
    run(tile, rows.back().data());
  }
  const auto alike = [&](const std::vector<std::byte>& one) {
    std::vector<std::int64_t> found;
    for (std::size_t tile = 0; tile < heights.size(); ++tile) {
      const auto shared = static_cast<std::ptrdiff_t>(std::min(one.size(), rows[tile].size()));
      if (std::equal(one.begin(), one.begin() + shared, rows[tile].begin())) {
        found.push_back(heights[tile]);
      }
    }
    return found;
  };
  const std::vector<std::int64_t> like_tallest = alike(rows.front());
  return RowTiles::of(RowTiles::fits_padding(like_tallest) ? like_tallest : alike(rows.back()));
}

}  // namespace convbert::nn
