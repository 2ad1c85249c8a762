// The blocks that a search multiplies: queries, packed, with tiles of the corpus. Private to
// lib/search.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "core/tensor.h"
#include "core/workspace.h"
#include "nn/linear.h"
#include "nn/precision.h"
#include "search/vector_rows.h"

namespace convbert {

// One height and one width for all products, whatever there is to search: the order of a sum may
// follow them. Missing rows are zeros.
inline constexpr std::int64_t kQueryBlock = 64;
inline constexpr std::int64_t kCorpusTile = 256;
inline constexpr std::int64_t kMostQueries = 1024;  // at a time; of whole tiles

// Copies of vectors, scaled to length 1; zeros for those without a direction.
struct UnitVectors {
  explicit UnitVectors(ConstMatrixView vectors);

  ConstMatrixView view() const;

  std::int64_t width;
  std::vector<float> values;
  std::vector<bool> has_direction;
};

// Rows of a corpus, as products take them.
struct CorpusTile {
  std::int64_t first = 0;
  std::int64_t rows = 0;
  nn::PaddedRows vectors{};                       // [kCorpusTile, width], of length 1, then zeros
  std::array<bool, kCorpusTile> has_direction{};  // of each
};
// Its memory is the workspace's.
CorpusTile read_tile(const VectorRows& corpus, std::int64_t number, Workspace& workspace);
inline std::int64_t tiles_of(std::int64_t rows) { return (rows + kCorpusTile - 1) / kCorpusTile; }

// Queries, packed. Threads may share it.
class QueryBlocks {
 public:
  // queries: [n, width], n > 0, of length 1.
  QueryBlocks(ConstMatrixView queries, nn::Precision precision);

  std::int64_t queries() const { return queries_; }

  // Block b of the result: [kCorpusTile, kQueryBlock], the products of each row of the tile with
  // the queries from b * kQueryBlock on. Its memory is the workspace's.
  std::vector<nn::PaddedRows> products(const CorpusTile& tile, Workspace& workspace) const;

 private:
  std::int64_t queries_;
  nn::Projections products_;
};

// What a product must reach, for each query of a block.
using Floors = std::array<float, kQueryBlock>;

// Whether any of a row's products does: for most rows of a corpus none.
inline bool any_reaches(const float* products, const Floors& floors) {
  int reached = 0;
  for (std::size_t q = 0; q < floors.size(); ++q) reached |= products[q] >= floors[q] ? 1 : 0;
  return reached != 0;
}

// The product of vectors of length 1 may exceed 1 by its rounding.
inline float cosine(float product) { return std::clamp(product, -1.0F, 1.0F); }

}  // namespace convbert
