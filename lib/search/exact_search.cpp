#include "search/exact_search.h"

#include <algorithm>
#include <cstddef>

#include "core/error.h"
#include "core/threads.h"
#include "core/workspace.h"
#include "nn/compute.h"
#include "search/blocks.h"

namespace convbert {
namespace {

constexpr std::int64_t kTilesOfTask = 8;  // that a thread takes

// The best of each query of a block, as one thread has seen them.
class BlockMatches {
 public:
  BlockMatches(const SearchOptions& options, std::int64_t queries)
      : left_out_(options.left_out),
        best_(static_cast<std::size_t>(queries), {options.most, options.least}) {
    floors_.fill(std::numeric_limits<float>::infinity());  // of queries that there are not
    for (std::size_t q = 0; q < best_.size(); ++q) floors_[q] = best_[q].floor();
  }

  // products: [kCorpusTile, kQueryBlock]
  void see(const CorpusTile& tile, MatrixView products) {
    for (std::int64_t row = 0; row < tile.rows; ++row) {
      if (!any_reaches(products.row(row), floors_)) continue;
      if (!tile.has_direction[static_cast<std::size_t>(row)]) continue;
      see_row(tile.first + row, products.row(row));
    }
  }
  const BestOf<Match>& best(std::size_t query) const { return best_[query]; }

 private:
  void see_row(std::int64_t number, const float* products) {
    for (std::size_t q = 0; q < best_.size(); ++q) {
      if (products[q] < floors_[q]) continue;
      if (!left_out_.empty() && left_out_[q] == number) continue;
      best_[q].offer({number, cosine(products[q])});
      floors_[q] = best_[q].floor();
    }
  }

  std::span<const std::int64_t> left_out_;
  std::vector<BestOf<Match>> best_;
  Floors floors_{};
};

// Those queries of the options that a part of them has.
SearchOptions options_of_part(SearchOptions options, std::int64_t first, std::int64_t count) {
  if (!options.left_out.empty()) {
    options.left_out =
        options.left_out.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
  }
  return options;
}

struct NearestWorker {
  NearestWorker(const SearchOptions& options, std::int64_t queries) {
    for (std::int64_t first = 0; first < queries; first += kQueryBlock) {
      const std::int64_t count = std::min(kQueryBlock, queries - first);
      blocks.emplace_back(options_of_part(options, first, count), count);
    }
  }

  Workspace workspace;
  std::vector<BlockMatches> blocks;
};

// At most kMostQueries queries.
std::vector<std::vector<Match>> find_nearest_of_group(const VectorRows& corpus,
                                                      ConstMatrixView vectors,
                                                      const SearchOptions& options) {
  const UnitVectors queries(vectors);
  const QueryBlocks blocks(queries.view(), options.precision);
  std::vector<NearestWorker> workers;
  for (int i = 0; i < std::max(1, options.threads); ++i) {
    workers.emplace_back(options, blocks.queries());
  }
  const std::int64_t tiles = tiles_of(corpus.rows());
  const auto tasks = static_cast<std::size_t>((tiles + kTilesOfTask - 1) / kTilesOfTask);
  share_out(tasks, options.threads, [&](std::size_t task, std::size_t at) {
    const nn::ComputeScope scope(1);
    NearestWorker& worker = workers[at];
    const std::int64_t begin = static_cast<std::int64_t>(task) * kTilesOfTask;
    for (std::int64_t number = begin; number < std::min(tiles, begin + kTilesOfTask); ++number) {
      const Workspace::Frame frame(worker.workspace);
      const CorpusTile tile = read_tile(corpus, number, worker.workspace);
      const std::vector<nn::PaddedRows> products = blocks.products(tile, worker.workspace);
      for (std::size_t b = 0; b < products.size(); ++b) worker.blocks[b].see(tile, products[b]);
    }
  });
  std::vector<std::vector<Match>> results;
  for (std::int64_t query = 0; query < blocks.queries(); ++query) {
    BestOf<Match> best(options.most, options.least);
    for (const NearestWorker& worker : workers) {
      if (!queries.has_direction[static_cast<std::size_t>(query)]) break;
      best.offer_all(worker.blocks[static_cast<std::size_t>(query / kQueryBlock)].best(
          static_cast<std::size_t>(query % kQueryBlock)));
    }
    results.push_back(best.take());
  }
  return results;
}

// The best pairs that one thread has seen.
class PairWorker {
 public:
  PairWorker(std::int64_t most, float least) : best_(most, least) {}

  Workspace& workspace() { return workspace_; }
  const BestOf<PairMatch>& best() const { return best_; }

  // queries: rows from `first` on. products: of those from first + offset on.
  void see(const CorpusTile& tile, MatrixView products, const UnitVectors& queries,
           std::int64_t first, std::int64_t offset) {
    const std::int64_t count =
        std::min(kQueryBlock, static_cast<std::int64_t>(queries.has_direction.size()) - offset);
    Floors floors;
    floors.fill(best_.floor());
    for (std::int64_t row = 0; row < tile.rows; ++row) {
      if (!any_reaches(products.row(row), floors)) continue;
      if (!tile.has_direction[static_cast<std::size_t>(row)]) continue;
      const std::int64_t second = tile.first + row;
      for (std::int64_t q = 0; q < std::min(count, second - first - offset); ++q) {
        if (!queries.has_direction[static_cast<std::size_t>(offset + q)]) continue;
        best_.offer({first + offset + q, second, cosine(products.row(row)[q])});
      }
      floors.fill(best_.floor());
    }
  }

 private:
  Workspace workspace_;
  BestOf<PairMatch> best_;
};

// Those of kMostQueries rows from `first` on with rows that come after them.
void find_pairs_of_group(const VectorRows& corpus, std::int64_t first, const SearchOptions& options,
                         BestOf<PairMatch>& best) {
  const std::int64_t count = std::min(kMostQueries, corpus.rows() - first);
  std::vector<float> values(static_cast<std::size_t>(count * corpus.width()));
  const MatrixView rows{values.data(), count, corpus.width(), corpus.width()};
  corpus.read(first, rows);
  const UnitVectors queries(rows);
  const QueryBlocks blocks(queries.view(), options.precision);
  std::vector<PairWorker> workers;
  for (int i = 0; i < std::max(1, options.threads); ++i) {
    workers.emplace_back(options.most, best.floor());
  }
  const std::int64_t first_tile = first / kCorpusTile;
  const auto tiles = static_cast<std::size_t>(tiles_of(corpus.rows()) - first_tile);
  share_out(tiles, options.threads, [&](std::size_t task, std::size_t at) {
    const nn::ComputeScope scope(1);
    PairWorker& worker = workers[at];
    const Workspace::Frame frame(worker.workspace());
    const CorpusTile tile =
        read_tile(corpus, first_tile + static_cast<std::int64_t>(task), worker.workspace());
    const std::vector<nn::PaddedRows> products = blocks.products(tile, worker.workspace());
    for (std::size_t b = 0; b < products.size(); ++b) {
      worker.see(tile, products[b], queries, first, static_cast<std::int64_t>(b) * kQueryBlock);
    }
  });
  for (const PairWorker& worker : workers) best.offer_all(worker.best());
}

void expect_precision(nn::Precision precision) {
  if (precision != nn::Precision::int8) return;
  throw Error(ErrorKind::usage, "a search in int8: expected f32 or bf16");
}

}  // namespace

std::vector<std::vector<Match>> find_nearest(const VectorRows& corpus, ConstMatrixView queries,
                                             const SearchOptions& options) {
  expect_precision(options.precision);
  expect_width(queries, corpus);
  std::vector<std::vector<Match>> results;
  for (std::int64_t first = 0; first < queries.rows; first += kMostQueries) {
    const std::int64_t count = std::min(kMostQueries, queries.rows - first);
    auto of_group = find_nearest_of_group(corpus, queries.row_range(first, count),
                                          options_of_part(options, first, count));
    std::ranges::move(of_group, std::back_inserter(results));
  }
  return results;
}

std::vector<PairMatch> find_pairs(const VectorRows& corpus, const SearchOptions& options,
                                  const std::function<bool(std::int64_t rows)>& go_on) {
  expect_precision(options.precision);
  BestOf<PairMatch> best(options.most, options.least);
  for (std::int64_t first = 0; first < corpus.rows(); first += kMostQueries) {
    if (!go_on(first)) return {};
    find_pairs_of_group(corpus, first, options, best);
  }
  return best.take();
}

}  // namespace convbert
