// The indexes that approximate_index.h describes, from the rows of a corpus. Private to lib/search.
#pragma once

#include <memory>

#include "search/approximate/unit_indexes.h"
#include "search/vector_rows.h"

namespace convbert {

// corpus: at least one row, and fewer than 2^31. Both throw Stopped where go_on says so.
std::unique_ptr<faiss::Index> build_graph(const VectorRows& corpus, const GoOn& go_on);
std::unique_ptr<faiss::Index> build_lists(const VectorRows& corpus, int threads, const GoOn& go_on);

}  // namespace convbert
