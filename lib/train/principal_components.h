// Vectors in fewer dimensions, with their inner products kept as well as a projection can keep
// them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/tensor.h"

namespace convbert {

// The leading eigenvectors of the second moments sum x x^T. No mean is taken away: of all
// projections onto so many dimensions this one has the matrix of inner products closest to that of
// the vectors (Eckart and Young 1936), which is what a student is to learn; what is left after the
// mean has gone has other cosines.
class PrincipalComponents {
 public:
  std::int64_t width() const { return width_; }
  std::int64_t count() const { return count_; }
  // Of the sum of squares of the vectors that they were found with, from 0 to 1.
  double kept() const { return kept_; }

  // from: `width()` numbers, to: `count()`.
  void project(std::span<const float> from, std::span<float> to) const;

  // The same space in other coordinates. rotation: R, [count, count], orthogonal; what was p is
  // R^T p then.
  void rotate(std::span<const double> rotation);

 private:
  friend class SecondMoments;
  std::int64_t width_ = 0;
  std::int64_t count_ = 0;
  double kept_ = 0.0;
  std::vector<float> directions_;  // [width, count]
};

// sum x x^T, in double precision, in the order of the vectors: the same bytes on any number of
// threads.
class SecondMoments {
 public:
  explicit SecondMoments(std::int64_t width);

  void add(ConstMatrixView vectors, int threads);
  // count: from 1 to the width.
  PrincipalComponents components(std::int64_t count) const;

 private:
  std::int64_t width_;
  std::vector<double> sums_;  // [width, width], on and above the diagonal
};

}  // namespace convbert
