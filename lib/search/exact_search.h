// Exact nearest neighbours by cosine.
//
// All vectors are scaled to length 1, so that a product of queries with the corpus is the matrix of
// their cosines. It is computed in blocks by oneDNN, in float32 or in bfloat16, and never held:
// each query keeps the best that it has seen. Blocks have one shape whatever the number of queries,
// of threads and of rows, so that a score is the same, to the last bit, wherever its two vectors
// stand. A vector without a direction (scale_to_unit()) matches nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "core/tensor.h"
#include "nn/precision.h"
#include "search/matches.h"
#include "search/vector_rows.h"

namespace convbert {

struct SearchOptions {
  std::int64_t most = 10;                                 // matches of a query; not negative
  float least = -std::numeric_limits<float>::infinity();  // score of a match
  // Of each query, the row of the corpus that is no match of it: itself, say. None: all may be.
  std::span<const std::int64_t> left_out{};
  nn::Precision precision = nn::Precision::f32;  // not int8
  int threads = 1;
};

// Of each query, [n, width] of any lengths, at most `most` rows of the corpus, the best first; of
// equal scores, the lower number. Scores are from -1 to 1. The corpus is read once for each 1,024
// queries. Throws Error(usage) for queries of another width.
std::vector<std::vector<Match>> find_nearest(const VectorRows& corpus, ConstMatrixView queries,
                                             const SearchOptions& options);

// The best pairs of different rows, at most `most`, the best first; of equal scores, the lower
// numbers. `left_out` does not count. `go_on` is told now and then how many rows have been compared
// with all that come after them; where it says no, the result is empty.
std::vector<PairMatch> find_pairs(const VectorRows& corpus, const SearchOptions& options,
                                  const std::function<bool(std::int64_t rows)>& go_on);

}  // namespace convbert
