// The file of --index: built where there is none, used where there is one.
#pragma once

#include <optional>
#include <string>

#include "cli/console.h"
#include "search/approximate/approximate_index.h"
#include "search/vector_rows.h"
#include "similar/request.h"

namespace convbert::app {

struct OpenedIndex {
  std::optional<ApproximateIndex> index{};
  int status = 0;  // not 0: the run ends with it
};

// A file that is built appears whole or not at all. Throws Error(format) for one that is no index
// or a damaged one, Error(usage) for one of another corpus or of another type than was asked for.
OpenedIndex open_index(const IndexRequest& request, const VectorRows& corpus, int threads,
                       Console& console);

}  // namespace convbert::app
