// Eigenvectors of a symmetric matrix, in double precision, on the calling thread: the same bytes
// whatever else runs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace convbert {

struct Eigenvectors {
  std::vector<double> values;   // falling
  std::vector<double> vectors;  // [size, size]: row k is that of values[k], of length 1, the
                                // component of the largest size positive
};

// matrix: [size, size], symmetric and finite. Householder's reduction to three diagonals, then QR
// steps with Wilkinson's shift (Golub and Van Loan, Matrix Computations, section 8.3): about
// 6 size^3 operations. Throws Error(internal) for a matrix of another shape, or one that is not
// finite.
Eigenvectors eigenvectors(std::span<const double> matrix, std::int64_t size);

}  // namespace convbert
