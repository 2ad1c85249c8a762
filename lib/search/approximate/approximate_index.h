// An index that finds most of the nearest vectors without looking at all of them: FAISS's.
//
// hnsw is a graph in which a search goes from neighbour to nearer neighbour (Malkov and Yashunin,
// 2016, arXiv 1603.09320), of 32 links a row; ivf keeps lists of the rows nearest to each of
// 4 sqrt(rows) centroids of a spherical k-means, and a search reads the nearest lists. Of rows that
// are equal, a graph has links to the first alone, and a search finds the others with it.
//
// The same vectors give the same bytes, on any number of threads: a graph is built by one thread,
// as its links follow the order in which rows come; of lists, the products are exact_search.h's,
// and on several threads. FAISS runs within a nn::ComputeScope of one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"
#include "search/index_layout.h"
#include "search/vector_rows.h"

namespace convbert {

struct IndexOptions {
  IndexKind kind = IndexKind::hnsw;
  int threads = 1;
};

// Const while it is searched; threads may share it. Holds all vectors in memory. Move-only.
class ApproximateIndex {
 public:
  // `go_on` is told now and then how many rows have been added; where it says no, the result is
  // empty. Throws Error(usage) for a corpus of too many rows, or of none.
  static std::optional<ApproximateIndex> build(const VectorRows& corpus,
                                               const IndexOptions& options,
                                               const std::function<bool(std::int64_t rows)>& go_on);
  // One that was written. Throws Error(format) where FAISS refuses it.
  explicit ApproximateIndex(const IndexLayout& layout);
  ApproximateIndex(ApproximateIndex&&) noexcept;
  ApproximateIndex& operator=(ApproximateIndex&&) noexcept;
  ~ApproximateIndex();

  IndexKind kind() const;
  // In FAISS's file format (index_layout.h), piece by piece.
  void write(const std::function<void(std::string_view)>& write) const;

  // How much of it a search looks at, from now on: of hnsw the rows that it keeps in view
  // (efSearch, 64 at first), of ivf the lists that it reads (nprobe, 16 at first), whatever its
  // file says.
  void set_effort(std::int64_t effort);
  // Of each query, [n, width] of length 1, at most so many rows that may be the nearest, in order
  // of their numbers. By the calling thread.
  std::vector<std::vector<std::int64_t>> candidates(ConstMatrixView queries,
                                                    std::int64_t most) const;

 private:
  class Implementation;
  explicit ApproximateIndex(std::unique_ptr<Implementation> implementation);

  std::unique_ptr<Implementation> implementation_;
};

// "1.7.3"
std::string faiss_version();

}  // namespace convbert
