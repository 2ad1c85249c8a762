#include "search/indexed_search.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

#include "core/error.h"
#include "core/threads.h"
#include "core/workspace.h"
#include "nn/compute.h"
#include "search/blocks.h"

namespace convbert {
namespace {

// Asked for beyond what is wanted: the index compares in an order of sums of its own.
constexpr std::int64_t kSpareCandidates = 8;

// Some rows of a corpus, as if they were all.
class ChosenRows : public VectorRows {
 public:
  ChosenRows(const VectorRows& corpus, std::span<const std::int64_t> numbers)
      : corpus_(corpus), numbers_(numbers) {}

  std::int64_t rows() const override { return std::ssize(numbers_); }
  std::int64_t width() const override { return corpus_.width(); }
  void read(std::int64_t first, MatrixView into) const override {
    for (std::int64_t row = 0; row < into.rows; ++row) {
      corpus_.read(numbers_[static_cast<std::size_t>(first + row)],
                   {into.row(row), 1, into.columns, into.columns});
    }
  }

 private:
  const VectorRows& corpus_;
  std::span<const std::int64_t> numbers_;
};

struct Candidate {
  std::int64_t number;
  std::int64_t query;
  auto operator<=>(const Candidate&) const = default;
};

// Of a block of queries at most, all that is to be compared, by rows.
struct BlockCandidates {
  std::vector<Candidate> pairs;
  std::vector<std::int64_t> numbers;  // of their rows, each once
};

BlockCandidates arrange(const std::vector<std::vector<std::int64_t>>& of_queries) {
  BlockCandidates block;
  for (std::size_t query = 0; query < of_queries.size(); ++query) {
    for (const std::int64_t number : of_queries[query]) {
      block.pairs.push_back({number, static_cast<std::int64_t>(query)});
    }
  }
  std::ranges::sort(block.pairs);
  for (const Candidate& pair : block.pairs) {
    if (block.numbers.empty() || block.numbers.back() != pair.number) {
      block.numbers.push_back(pair.number);
    }
  }
  return block;
}

// Queries of a block, of any lengths; their results go to `results`.
struct BlockOfQueries {
  ConstMatrixView vectors;
  std::span<const std::int64_t> left_out;
  std::span<std::vector<Match>> results;
};

void search_block(const ApproximateIndex& index, const VectorRows& corpus,
                  const BlockOfQueries& block, const SearchOptions& options) {
  const UnitVectors queries(block.vectors);
  const std::int64_t most = options.most + kSpareCandidates + (block.left_out.empty() ? 0 : 1);
  const BlockCandidates candidates = arrange(index.candidates(queries.view(), most));
  std::vector<BestOf<Match>> best(static_cast<std::size_t>(block.vectors.rows),
                                  {options.most, options.least});
  const ChosenRows chosen(corpus, candidates.numbers);
  const QueryBlocks blocks(queries.view(), options.precision);
  Workspace workspace;
  auto pair = candidates.pairs.begin();
  for (std::int64_t tile_number = 0; tile_number < tiles_of(chosen.rows()); ++tile_number) {
    const Workspace::Frame frame(workspace);
    const CorpusTile tile = read_tile(chosen, tile_number, workspace);
    const MatrixView products = blocks.products(tile, workspace).front();
    for (std::int64_t row = 0; row < tile.rows; ++row) {
      const std::int64_t number = candidates.numbers[static_cast<std::size_t>(tile.first + row)];
      for (; pair != candidates.pairs.end() && pair->number == number; ++pair) {
        const auto query = static_cast<std::size_t>(pair->query);
        if (!tile.has_direction[static_cast<std::size_t>(row)] || !queries.has_direction[query]) {
          continue;
        }
        if (!block.left_out.empty() && block.left_out[query] == number) continue;
        best[query].offer({number, cosine(products.row(row)[pair->query])});
      }
    }
  }
  for (std::size_t query = 0; query < best.size(); ++query) {
    block.results[query] = best[query].take();
  }
}

}  // namespace

std::vector<std::vector<Match>> find_nearest(const ApproximateIndex& index,
                                             const VectorRows& corpus, ConstMatrixView queries,
                                             const SearchOptions& options) {
  expect_width(queries, corpus);
  std::vector<std::vector<Match>> results(static_cast<std::size_t>(queries.rows));
  const auto blocks = static_cast<std::size_t>((queries.rows + kQueryBlock - 1) / kQueryBlock);
  share_out(blocks, options.threads, [&](std::size_t number, std::size_t) {
    const nn::ComputeScope scope(1);
    const std::size_t first = number * static_cast<std::size_t>(kQueryBlock);
    const std::size_t count =
        std::min(results.size() - first, static_cast<std::size_t>(kQueryBlock));
    search_block(index, corpus,
                 {.vectors = queries.row_range(static_cast<std::int64_t>(first),
                                               static_cast<std::int64_t>(count)),
                  .left_out = options.left_out.empty() ? options.left_out
                                                       : options.left_out.subspan(first, count),
                  .results = std::span(results).subspan(first, count)},
                 options);
  });
  return results;
}

}  // namespace convbert
