// Which heights of tile give a row the same bits, where oneDNN doesn't say. Private to lib/nn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "nn/row_tiles.h"

namespace convbert::nn {

// Writes the products of a tile's rows to `rows`, zero before: the first `height` of always the
// same rows.
using RunTile = std::function<void(std::size_t tile, std::byte* rows)>;

// Those of `tiles` that agree with the tallest to the last bit, or, if those do not fit a matrix's
// padding, with the least. row_bytes: of a product's row.
RowTiles alike_tiles(const RowTiles& tiles, std::int64_t row_bytes, const RunTile& run);

}  // namespace convbert::nn
