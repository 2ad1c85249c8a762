// Nearest neighbours through an index: approximate in what is found, exact in its scores.
#pragma once

#include <cstdint>
#include <vector>

#include "core/tensor.h"
#include "search/approximate/approximate_index.h"
#include "search/exact_search.h"
#include "search/matches.h"
#include "search/vector_rows.h"

namespace convbert {

// As find_nearest(), among the rows that the index of this corpus proposes; their scores are those
// of find_nearest(), to the last bit. A query's result depends on the index and its effort alone.
// Throws Error(usage) for queries of another width.
std::vector<std::vector<Match>> find_nearest(const ApproximateIndex& index,
                                             const VectorRows& corpus, ConstMatrixView queries,
                                             const SearchOptions& options);

}  // namespace convbert
