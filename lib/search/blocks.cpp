#include "search/blocks.h"

namespace convbert {
namespace {

// Linear layers whose weights are the queries: their outputs are the products with each.
nn::Projections pack(ConstMatrixView queries, nn::Precision precision) {
  static constexpr std::array<float, kQueryBlock> kNoBias{};
  const std::int64_t blocks = (queries.rows + kQueryBlock - 1) / kQueryBlock;
  const auto block_size = static_cast<std::size_t>(kQueryBlock * queries.columns);
  std::vector<float> weights(static_cast<std::size_t>(blocks) * block_size);
  copy_rows(queries, {weights.data(), queries.rows, queries.columns, queries.columns});
  std::vector<nn::LinearSpec> specs;
  for (std::size_t block = 0; block < static_cast<std::size_t>(blocks); ++block) {
    specs.push_back({.in = queries.columns,
                     .out = kQueryBlock,
                     .weight = std::span(weights).subspan(block * block_size, block_size),
                     .bias = kNoBias,
                     .precision = precision});
  }
  return nn::Projections(specs);
}

}  // namespace

UnitVectors::UnitVectors(ConstMatrixView vectors)
    : width(vectors.columns), values(static_cast<std::size_t>(vectors.rows * vectors.columns)) {
  const MatrixView copies{values.data(), vectors.rows, width, width};
  copy_rows(vectors, copies);
  for (std::int64_t row = 0; row < vectors.rows; ++row) {
    has_direction.push_back(scale_to_unit(copies.row_span(row)));
  }
}

ConstMatrixView UnitVectors::view() const {
  return {values.data(), static_cast<std::int64_t>(has_direction.size()), width, width};
}

CorpusTile read_tile(const VectorRows& corpus, std::int64_t number, Workspace& workspace) {
  const std::int64_t first = number * kCorpusTile;
  CorpusTile tile{.first = first,
                  .rows = std::min(kCorpusTile, corpus.rows() - first),
                  .vectors = nn::allocate_rows(workspace, kCorpusTile, corpus.width())};
  corpus.read(first, tile.vectors.first_rows(tile.rows));
  for (std::int64_t row = 0; row < tile.rows; ++row) {
    tile.has_direction[static_cast<std::size_t>(row)] = scale_to_unit(tile.vectors.row_span(row));
  }
  for (std::int64_t row = tile.rows; row < kCorpusTile; ++row) {
    std::ranges::fill(tile.vectors.row_span(row), 0.0F);
  }
  return tile;
}

QueryBlocks::QueryBlocks(ConstMatrixView queries, nn::Precision precision)
    : queries_(queries.rows), products_(pack(queries, precision)) {}

std::vector<nn::PaddedRows> QueryBlocks::products(const CorpusTile& tile,
                                                  Workspace& workspace) const {
  std::vector<nn::PaddedRows> products;
  for (std::int64_t block = 0; block < products_.count(); ++block) {
    products.push_back(nn::allocate_rows(workspace, kCorpusTile, kQueryBlock));
  }
  products_.forward(tile.vectors, products, workspace);
  return products;
}

}  // namespace convbert
