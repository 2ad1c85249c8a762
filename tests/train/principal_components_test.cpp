// Eigenvectors against their definition, and what projections keep.
#include "train/principal_components.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "core/error.h"
#include "nn/reference.h"
#include "train/eigenvectors.h"

namespace convbert {
namespace {

// Vectors of `width` numbers that lie in `rank` dimensions, those that come first the longest.
std::vector<float> vectors_of_rank(std::int64_t count, std::int64_t width, std::int64_t rank) {
  nn::Random random(7);
  const std::vector<float> directions = random.floats(rank * width);
  std::vector<float> vectors(static_cast<std::size_t>(count * width));
  for (std::int64_t v = 0; v < count; ++v) {
    const std::vector<float> weights = random.floats(rank);
    for (std::int64_t r = 0; r < rank; ++r) {
      const float weight = weights[static_cast<std::size_t>(r)] / static_cast<float>(1 + r);
      for (std::int64_t i = 0; i < width; ++i) {
        vectors[static_cast<std::size_t>(v * width + i)] +=
            weight * directions[static_cast<std::size_t>(r * width + i)];
      }
    }
  }
  return vectors;
}

// Sum of x x^T.
std::vector<double> moments_of(const std::vector<float>& vectors, std::size_t width) {
  std::vector<double> sums(width * width);
  for (std::size_t v = 0; v < vectors.size() / width; ++v) {
    for (std::size_t i = 0; i < width; ++i) {
      for (std::size_t j = 0; j < width; ++j) {
        sums[i * width + j] += double{vectors[v * width + i]} * double{vectors[v * width + j]};
      }
    }
  }
  return sums;
}

void check_eigenvectors(const std::vector<double>& matrix, std::size_t size) {
  const Eigenvectors found = eigenvectors(matrix, static_cast<std::int64_t>(size));
  REQUIRE(found.values.size() == size);
  REQUIRE(found.vectors.size() == size * size);
  double scale = 0;
  for (const double x : matrix) scale = std::max(scale, std::abs(x));
  const double tolerance = 1e-13 * scale * static_cast<double>(size) + 1e-300;
  double farthest = 0;          // |A v - value v|
  double least_orthogonal = 0;  // |v_k v_l - (k == l)|
  for (std::size_t k = 0; k < size; ++k) {
    if (k > 0) CHECK(found.values[k] <= found.values[k - 1]);
    const double* v = found.vectors.data() + k * size;
    double largest = 0;
    for (std::size_t i = 0; i < size; ++i) {
      double sum = 0;
      for (std::size_t j = 0; j < size; ++j) sum += matrix[i * size + j] * v[j];
      farthest = std::max(farthest, std::abs(sum - found.values[k] * v[i]));
      if (std::abs(v[i]) > std::abs(largest)) largest = v[i];
    }
    CHECK(largest > 0);
    for (std::size_t l = 0; l <= k; ++l) {
      double inner = k == l ? -1.0 : 0.0;
      for (std::size_t i = 0; i < size; ++i) inner += v[i] * found.vectors[l * size + i];
      least_orthogonal = std::max(least_orthogonal, std::abs(inner));
    }
  }
  CHECK(farthest <= tolerance);
  CHECK(least_orthogonal <= 1e-12);
}

TEST_CASE("eigenvectors: any rank, equal values, negative ones, no size at all") {
  for (const std::size_t size : {1, 2, 3, 17, 60}) {
    const auto width = static_cast<std::int64_t>(size);
    check_eigenvectors(moments_of(vectors_of_rank(2 * width, width, width), size), size);
    check_eigenvectors(moments_of(vectors_of_rank(2 * width, width, (width + 1) / 2), size), size);
    std::vector<double> one(size * size);
    check_eigenvectors(one, size);  // zero
    for (std::size_t i = 0; i < size; ++i) one[i * size + i] = 1.0;
    check_eigenvectors(one, size);
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t j = 0; j < size; ++j) one[i * size + j] = i == j ? -3.0 : 1e-9;
    }
    check_eigenvectors(one, size);
    for (double& x : one) x *= 1e200;
    check_eigenvectors(one, size);
  }
  // [[2, 1], [1, 2]]
  const Eigenvectors found = eigenvectors(std::vector<double>{2, 1, 1, 2}, 2);
  CHECK(found.values[0] == doctest::Approx(3.0));
  CHECK(found.values[1] == doctest::Approx(1.0));
  CHECK(found.vectors[0] == doctest::Approx(std::sqrt(0.5)));
  CHECK(found.vectors[1] == doctest::Approx(std::sqrt(0.5)));
}

TEST_CASE("no eigenvectors of what is no finite square") {
  CHECK_THROWS_AS(eigenvectors(std::vector<double>{1, 2, 3}, 2), Error);
  CHECK_THROWS_AS(eigenvectors({}, 0), Error);
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK_THROWS_AS(eigenvectors(std::vector<double>{1, infinity, infinity, 1}, 2), Error);
}

TEST_CASE("principal components keep the inner products that a projection can keep") {
  constexpr std::int64_t kCount = 200;
  constexpr std::int64_t kWidth = 24;
  const std::vector<float> vectors = vectors_of_rank(kCount, kWidth, 6);
  const ConstMatrixView rows{vectors.data(), kCount, kWidth, kWidth};
  const auto projected = [&](std::int64_t count, int threads) {
    SecondMoments moments(kWidth);
    moments.add(rows.first_rows(150), threads);
    moments.add(rows.row_range(150, 50), threads);
    const PrincipalComponents components = moments.components(count);
    std::vector<float> to(static_cast<std::size_t>(kCount * count));
    for (std::int64_t v = 0; v < kCount; ++v) {
      components.project(rows.row_span(v),
                         std::span(to).subspan(static_cast<std::size_t>(v * count),
                                               static_cast<std::size_t>(count)));
    }
    return std::pair(std::move(to), components.kept());
  };
  const auto squares = [](std::span<const float> v) { return dot(v, v); };

  const auto [six, all_kept] = projected(6, 1);
  CHECK(all_kept == doctest::Approx(1.0));
  for (std::size_t v = 1; v < 50; ++v) {
    const auto row = static_cast<std::int64_t>(v);
    CHECK(dot(std::span(six).subspan(v * 6, 6), std::span(six).subspan(v * 6 - 6, 6)) ==
          doctest::Approx(dot(rows.row_span(row), rows.row_span(row - 1))).epsilon(1e-4));
  }
  CHECK(projected(6, 5).first == six);

  // What is kept is the share of the squares, here and by hand.
  const auto [three, kept] = projected(3, 2);
  CHECK(kept > 0.8);
  CHECK(kept < 1.0);
  CHECK(kept == doctest::Approx(squares(three) / squares(vectors)).epsilon(1e-6));

  CHECK_THROWS_AS(SecondMoments(kWidth).components(kWidth + 1), Error);
  CHECK_THROWS_AS(SecondMoments(kWidth + 1).add(rows, 1), Error);
}

}  // namespace
}  // namespace convbert
