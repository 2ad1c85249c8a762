// FAISS's file format for the two kinds of index that are used here, checked to the last byte
// before FAISS reads it: its reader takes memory for any size that a file names, and its search
// follows any row number that one holds.
//
// Numbers are little-endian; a list is its length, u64, then its elements. Every index begins with
//
//   four letters, i32 width, i64 rows, two i64 that stand for nothing, u8 1 (it is trained),
//   i32 metric: 0, the inner product
//
// "IxFI", vectors one after another (IndexFlatIP):
//   list of f32 [rows, width]
// "IHNf", a graph over them (IndexHNSWFlat). Row r has links on the levels 0 to levels[r] - 1;
// those of level l are neighbors[offsets[r] + cumulative[l]] up to offsets[r] + cumulative[l + 1],
// -1 where there is none:
//   list of f64, the chance of each level
//   list of i32 cumulative [levels that there may be + 1], from 0
//   list of i32 levels [rows]
//   list of u64 offsets [rows + 1]: offsets[r + 1] = offsets[r] + cumulative[levels[r]]
//   list of i32 neighbors [offsets[rows]]
//   i32 the row where a search begins, i32 its highest level, i32 and i32 efforts of building and
//   of searching, i32 1 (the beam of upper levels) an "IxFI" of the same rows
// "IwFl", lists of the rows nearest to each of some centroids (IndexIVFFlat):
//   u64 lists, u64 how many of them a search reads
//   an "IxFI" of the centroids
//   u8 0 and an empty list: no map from rows to places
//   "ilar", u64 lists, u64 bytes of a vector
//   "full", list of u64 lengths [lists]; or "sprs", list of u64 (number, length) of those not empty
//   of each that is not empty: f32 vectors [length, width], i64 row numbers [length]
//
// (FAISS, impl/index_write.cpp, versions 1.7 to 1.15.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "search/vector_rows.h"

namespace convbert {

enum class IndexKind { hnsw, ivf };
std::string_view name_of(IndexKind kind);

// The file of an index whose every size, number and vector has been checked.
class IndexLayout {
 public:
  // `source` names it in messages. The bytes must outlive it.
  // Throws Error(format): bytes that are no such index, have a wrong or an impossible number, or
  // more or fewer bytes than they name; vectors that are neither of length 1 nor zeros; a row in no
  // list or in two.
  IndexLayout(std::span<const std::byte> bytes, std::string source);

  IndexKind kind() const { return kind_; }
  std::int64_t rows() const { return rows_; }
  std::int64_t width() const { return width_; }
  std::span<const std::byte> bytes() const { return bytes_; }
  const std::string& source() const { return source_; }

  // Is it one of these vectors, scaled to length 1? Compares the numbers of rows and of columns,
  // and up to 10,000 vectors, evenly spread. Throws Error(usage) if not.
  void expect_of(const VectorRows& corpus) const;

 private:
  friend class LayoutReader;
  // Vectors one after another, [count, width].
  struct Run {
    std::span<const std::byte> rows;  // i64 each; empty: from 0 on
    std::span<const std::byte> vectors;
  };

  std::span<const std::byte> bytes_;
  std::string source_;
  IndexKind kind_ = IndexKind::hnsw;
  std::int64_t rows_ = 0;
  std::int64_t width_ = 0;
  std::vector<Run> runs_;
};

}  // namespace convbert
