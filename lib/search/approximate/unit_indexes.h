// FAISS's indexes with products of ours: FAISS's are plain loops in Debian's build, these are for
// the processor at hand. Vectors have length 1. Private to lib/search: whoever includes it has
// FAISS's headers.
#pragma once

#if defined(__clang__)
// FAISS's headers include GCC's omp.h, which writes an attribute as Clang does not know it.
#define __malloc__(deallocator) __malloc__  // NOLINT(bugprone-reserved-identifier): its name
#include <omp.h>
#undef __malloc__
#endif

#include <faiss/IndexFlat.h>
#include <faiss/IndexIVFFlat.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "core/tensor.h"
#include "search/vector_rows.h"

namespace convbert {

// Asked during long work, with the rows that have been added; where it says no, Stopped is thrown.
using GoOn = std::function<bool(std::int64_t rows)>;
struct Stopped {};
void expect_go_on(const GoOn& go_on, std::int64_t rows);

// The vectors of an index, or its centroids.
class UnitIndex : public faiss::IndexFlatIP, public VectorRows {
 public:
  explicit UnitIndex(std::int64_t width) : faiss::IndexFlatIP(width) {}
  explicit UnitIndex(faiss::IndexFlat&& other);

  faiss::FlatCodesDistanceComputer* get_FlatCodesDistanceComputer() const override;

  // By blocked products: exact, and the same on any number of threads. A query without a direction
  // is of the first row.
  void search(std::int64_t count, const float* queries, std::int64_t most, float* products,
              std::int64_t* labels,
              const faiss::SearchParameters* parameters = nullptr) const override;

  std::int64_t rows() const override { return ntotal; }
  std::int64_t width() const override { return d; }
  void read(std::int64_t first, MatrixView into) const override;

  int threads = 1;
  GoOn go_on;  // asked during long searches, where there is one
};

// Lists of the rows nearest to each centroid.
class UnitLists : public faiss::IndexIVFFlat {
 public:
  // Owns the centroids.
  explicit UnitLists(std::unique_ptr<UnitIndex> centroids);

  UnitIndex& centroids() { return static_cast<UnitIndex&>(*quantizer); }

#if FAISS_VERSION_MAJOR == 1 && FAISS_VERSION_MINOR < 8
  faiss::InvertedListScanner* get_InvertedListScanner(
      bool store_pairs, const faiss::IDSelector* selector) const override;
#else
  faiss::InvertedListScanner* get_InvertedListScanner(
      bool store_pairs, const faiss::IDSelector* selector,
      const faiss::IVFSearchParameters* parameters) const override;
#endif
};

}  // namespace convbert
