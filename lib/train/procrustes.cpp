#include "train/procrustes.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "core/error.h"
#include "core/threads.h"
#include "train/eigenvectors.h"

namespace convbert {
namespace {

// Rows of length 1, each at right angles to all before it.
class OrthogonalRows {
 public:
  explicit OrthogonalRows(std::size_t width) : width_(width) {}

  // The part of `row` that is at right angles to the rows that there are; where that is no longer
  // than `negligible`, the same of the axis that they leave most of.
  void add(std::vector<double> row, double negligible) {
    double length = reduce(row);
    if (length <= negligible) {
      row.assign(width_, 0.0);
      row[freest_axis()] = 1.0;
      length = reduce(row);
    }
    for (double& x : row) x /= length;
    rows_.insert(rows_.end(), row.begin(), row.end());
  }

  std::span<const double> row(std::size_t index) const {
    return std::span(rows_).subspan(index * width_, width_);
  }

 private:
  double reduce(std::vector<double>& row) const {
    // Twice: what rounding has left of a row that nearly vanishes is in the first result.
    for (int round = 0; round < 2; ++round) {
      for (std::size_t k = 0; k < rows_.size() / width_; ++k) {
        const std::span<const double> other = this->row(k);
        const double along = std::inner_product(row.begin(), row.end(), other.begin(), 0.0);
        for (std::size_t i = 0; i < width_; ++i) row[i] -= along * other[i];
      }
    }
    return std::sqrt(std::inner_product(row.begin(), row.end(), row.begin(), 0.0));
  }

  std::size_t freest_axis() const {
    std::vector<double> taken(width_);
    for (std::size_t i = 0; i < rows_.size(); ++i) taken[i % width_] += rows_[i] * rows_[i];
    return static_cast<std::size_t>(std::ranges::min_element(taken) - taken.begin());
  }

  std::size_t width_;
  std::vector<double> rows_;
};

}  // namespace

Procrustes::Procrustes(std::int64_t width)
    : width_(width), sums_(static_cast<std::size_t>(width * width)) {}

void Procrustes::add(ConstMatrixView from, ConstMatrixView to, int threads) {
  if (from.columns != width_ || to.columns != width_ || from.rows != to.rows) {
    throw Error(ErrorKind::internal, "Procrustes: vectors of other numbers or widths");
  }
  const auto width = static_cast<std::size_t>(width_);
  // A thread has rows of the sums to itself.
  share_out(width, threads, [&](std::size_t i, std::size_t) {
    double* sums = sums_.data() + i * width;
    for (std::int64_t v = 0; v < from.rows; ++v) {
      const double x = from.row(v)[i];
      const float* goal = to.row(v);
      for (std::size_t j = 0; j < width; ++j) sums[j] += x * static_cast<double>(goal[j]);
    }
  });
}

std::vector<double> Procrustes::rotation() const {
  const auto width = static_cast<std::size_t>(width_);
  // With S = U D V^T, R = U V^T; V and D^2 are eigenvectors and values of S^T S, and S v = d u.
  std::vector<double> squares(width * width);
  for (std::size_t r = 0; r < width; ++r) {
    const double* row = sums_.data() + r * width;
    for (std::size_t i = 0; i < width; ++i) {
      for (std::size_t j = 0; j < width; ++j) squares[i * width + j] += row[i] * row[j];
    }
  }
  const Eigenvectors found = eigenvectors(squares, width_);
  // A singular value is known to about the square root of the precision of its square.
  const double negligible = 1e-7 * std::sqrt(std::max(found.values.front(), 0.0));
  OrthogonalRows left(width);
  std::vector<double> rotation(width * width);
  for (std::size_t k = 0; k < width; ++k) {
    const std::span<const double> right = std::span(found.vectors).subspan(k * width, width);
    std::vector<double> image(width);
    for (std::size_t r = 0; r < width; ++r) {
      image[r] = std::inner_product(right.begin(), right.end(),
                                    sums_.begin() + std::ptrdiff_t(r * width), 0.0);
    }
    left.add(std::move(image), negligible);
    const std::span<const double> u = left.row(k);
    for (std::size_t i = 0; i < width; ++i) {
      for (std::size_t j = 0; j < width; ++j) rotation[i * width + j] += u[i] * right[j];
    }
  }
  return rotation;
}

}  // namespace convbert
