// The rotation that brings vectors closest to others: the orthogonal Procrustes problem
// (Schönemann 1966).
#pragma once

#include <cstdint>
#include <vector>

#include "core/tensor.h"

namespace convbert {

// sum from_i to_i^T, in double precision, in the order of the vectors: the same bytes on any number
// of threads.
class Procrustes {
 public:
  // width: of both.
  explicit Procrustes(std::int64_t width);

  // As many rows of each.
  void add(ConstMatrixView from, ConstMatrixView to, int threads);

  // R, [width, width]: orthogonal, of the least sum |R^T from_i - to_i|^2. In directions that the
  // vectors do not have in common it is any that completes it.
  std::vector<double> rotation() const;

 private:
  std::int64_t width_;
  std::vector<double> sums_;  // [width, width]
};

}  // namespace convbert
