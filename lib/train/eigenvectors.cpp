#include "train/eigenvectors.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.h"

namespace convbert {
namespace {

double product(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// A square matrix, row after row.
class Square {
 public:
  Square(std::span<const double> numbers, std::size_t size)
      : numbers_(numbers.begin(), numbers.end()), size_(size) {}

  std::size_t size() const { return size_; }
  std::span<double> row(std::size_t index) {
    return std::span(numbers_).subspan(index * size_, size_);
  }
  double& at(std::size_t row, std::size_t column) { return numbers_[row * size_ + column]; }

 private:
  std::vector<double> numbers_;
  std::size_t size_;
};

// I - factor v v^T, which acts on the last components alone.
struct Reflection {
  std::vector<double> v;
  double factor = 0.0;  // 0: the identity
};

// That which makes (r, 0, ..., 0) of x. Returns r, too.
std::pair<Reflection, double> reflection_of(std::vector<double> x) {
  const double below = product(std::span(x).subspan(1), std::span(x).subspan(1));
  if (below == 0.0) return {Reflection{}, x.front()};
  const double length = std::sqrt(x.front() * x.front() + below);
  const double first = x.front() > 0.0 ? -length : length;  // so that nothing cancels
  x.front() -= first;
  const double squares = x.front() * x.front() + below;
  return {{std::move(x), 2.0 / squares}, first};
}

// A = Q T Q^T with T of a diagonal and its neighbour; rows of `basis` are the columns of Q.
struct Tridiagonal {
  std::vector<double> diagonal;
  std::vector<double> beside;  // element (k, k + 1)
  Square basis;
};

// A <- H A H for the square from `first` on, H = I - factor v v^T.
void reflect(const Reflection& reflection, std::size_t first, Square& a) {
  const auto& [v, factor] = reflection;
  std::vector<double> w(v.size());
  for (std::size_t i = 0; i < v.size(); ++i)
    w[i] = factor * product(a.row(first + i).subspan(first), v);
  const double along = factor / 2.0 * product(w, v);
  for (std::size_t i = 0; i < v.size(); ++i) w[i] -= along * v[i];
  for (std::size_t i = 0; i < v.size(); ++i) {
    const std::span<double> row = a.row(first + i).subspan(first);
    for (std::size_t j = 0; j < v.size(); ++j) row[j] -= v[i] * w[j] + w[i] * v[j];
  }
}

Tridiagonal reduce(Square a) {
  const std::size_t size = a.size();
  Tridiagonal result{std::vector<double>(size), std::vector<double>(size),
                     Square(std::vector<double>(size * size), size)};
  std::vector<Reflection> reflections;
  for (std::size_t k = 0; k + 1 < size; ++k) {
    std::vector<double> below(size - k - 1);
    for (std::size_t i = 0; i < below.size(); ++i) below[i] = a.at(k + 1 + i, k);
    auto [reflection, first] = reflection_of(std::move(below));
    if (reflection.factor != 0.0) reflect(reflection, k + 1, a);
    result.beside[k] = first;
    reflections.push_back(std::move(reflection));
  }
  for (std::size_t k = 0; k < size; ++k) {
    result.diagonal[k] = a.at(k, k);
    result.basis.at(k, k) = 1.0;
  }
  // Q^T = (...((I H_last) ...) H_1) H_0, of which each changes the rows and columns of its own.
  for (std::size_t k = reflections.size(); k-- > 0;) {
    const auto& [v, factor] = reflections[k];
    if (factor == 0.0) continue;
    for (std::size_t r = k + 1; r < size; ++r) {
      const std::span<double> row = result.basis.row(r).subspan(k + 1);
      const double along = factor * product(row, v);
      for (std::size_t j = 0; j < v.size(); ++j) row[j] -= along * v[j];
    }
  }
  return result;
}

// One QR step of the rows and columns first to last, whose neighbours are not zero.
void chase(Tridiagonal& t, std::size_t first, std::size_t last) {
  auto& [diagonal, beside, basis] = t;
  const double corner = beside[last - 1];
  const double half = (diagonal[last - 1] - diagonal[last]) / 2.0;
  const double shift =
      diagonal[last] - corner * corner / (half + std::copysign(std::hypot(half, corner), half));
  double kept = diagonal[first] - shift;
  double bulge = beside[first];
  for (std::size_t k = first; k < last; ++k) {
    const double length = std::hypot(kept, bulge);
    const double c = length == 0.0 ? 1.0 : kept / length;
    const double s = length == 0.0 ? 0.0 : bulge / length;
    if (k > first) beside[k - 1] = length;
    const double above = diagonal[k];
    const double between = beside[k];
    const double below = diagonal[k + 1];
    diagonal[k] = c * c * above + 2.0 * c * s * between + s * s * below;
    diagonal[k + 1] = s * s * above - 2.0 * c * s * between + c * c * below;
    beside[k] = c * s * (below - above) + (c * c - s * s) * between;
    if (k + 1 < last) {
      kept = beside[k];
      bulge = s * beside[k + 1];
      beside[k + 1] *= c;
    }
    const std::span<double> upper = basis.row(k);
    const std::span<double> lower = basis.row(k + 1);
    for (std::size_t j = 0; j < upper.size(); ++j) {
      const double x = upper[j];
      const double y = lower[j];
      upper[j] = c * x + s * y;
      lower[j] = c * y - s * x;
    }
  }
}

void diagonalize(Tridiagonal& t) {
  constexpr std::int64_t kMostSteps = 60;  // for each value; two are usual
  double largest = 0.0;
  for (const double value : t.diagonal) largest = std::max(largest, std::abs(value));
  for (const double value : t.beside) largest = std::max(largest, std::abs(value));
  const double negligible = std::numeric_limits<double>::epsilon() * largest;
  const auto is_zero = [&](std::size_t k) { return std::abs(t.beside[k]) <= negligible; };
  std::int64_t steps_left = kMostSteps * std::ssize(t.diagonal);
  std::size_t last = t.diagonal.size() - 1;
  while (last > 0) {
    if (is_zero(last - 1)) {
      --last;
      continue;
    }
    if (steps_left-- == 0) throw Error(ErrorKind::internal, "eigenvectors: no convergence");
    std::size_t first = last - 1;
    while (first > 0 && !is_zero(first - 1)) --first;
    chase(t, first, last);
  }
}

}  // namespace

Eigenvectors eigenvectors(std::span<const double> matrix, std::int64_t size) {
  if (size < 1 || std::ssize(matrix) != size * size ||
      !std::ranges::all_of(matrix, [](double x) { return std::isfinite(x); })) {
    throw Error(ErrorKind::internal, "eigenvectors: expected a finite square matrix");
  }
  // By a power of two, so that squares stay within range and nothing is rounded.
  double largest = 0.0;
  for (const double x : matrix) largest = std::max(largest, std::abs(x));
  const int exponent = largest > 0.0 ? std::ilogb(largest) : 0;
  std::vector<double> scaled(matrix.begin(), matrix.end());
  for (double& x : scaled) x = std::scalbn(x, -exponent);
  Tridiagonal t = reduce(Square(scaled, static_cast<std::size_t>(size)));
  diagonalize(t);
  std::vector<std::size_t> order(t.diagonal.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t k) { return t.diagonal[k]; });
  Eigenvectors result;
  for (const std::size_t k : order) {
    result.values.push_back(std::scalbn(t.diagonal[k], exponent));
    const std::span<const double> row = t.basis.row(k);
    const double component =
        *std::ranges::max_element(row, {}, [](double x) { return std::abs(x); });
    for (const double x : row) result.vectors.push_back(component < 0.0 ? -x : x);
  }
  return result;
}

}  // namespace convbert
