// The rotation against its definition.
#include "train/procrustes.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/error.h"
#include "nn/reference.h"

namespace convbert {
namespace {

constexpr std::int64_t kWidth = 12;

ConstMatrixView rows_of(const std::vector<float>& floats) {
  return {floats.data(), std::ssize(floats) / kWidth, kWidth, kWidth};
}

std::vector<double> rotation_of(const std::vector<float>& from, const std::vector<float>& to,
                                int threads = 1) {
  Procrustes procrustes(kWidth);
  procrustes.add(rows_of(from), rows_of(to), threads);
  return procrustes.rotation();
}

double element(const std::vector<double>& matrix, std::int64_t i, std::int64_t j) {
  return matrix[static_cast<std::size_t>(i * kWidth + j)];
}

// R^T v for each vector.
std::vector<float> turned(const std::vector<float>& vectors, const std::vector<double>& rotation) {
  std::vector<float> result;
  for (std::int64_t v = 0; v < rows_of(vectors).rows; ++v) {
    for (std::int64_t j = 0; j < kWidth; ++j) {
      double sum = 0;
      for (std::int64_t i = 0; i < kWidth; ++i) {
        sum += element(rotation, i, j) * double{rows_of(vectors).row(v)[i]};
      }
      result.push_back(static_cast<float>(sum));
    }
  }
  return result;
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::pow(double{a[i]} - double{b[i]}, 2);
  return sum;
}

void check_orthogonal(const std::vector<double>& matrix) {
  double farthest = 0;
  for (std::int64_t i = 0; i < kWidth; ++i) {
    for (std::int64_t j = 0; j < kWidth; ++j) {
      double sum = i == j ? -1.0 : 0.0;
      for (std::int64_t k = 0; k < kWidth; ++k)
        sum += element(matrix, k, i) * element(matrix, k, j);
      farthest = std::max(farthest, std::abs(sum));
    }
  }
  CHECK(farthest <= 1e-12);
}

// A turn by `angle` in the plane of two axes, behind `rotation`.
std::vector<double> turned_further(std::vector<double> rotation, std::int64_t a, std::int64_t b,
                                   double angle) {
  for (std::int64_t i = 0; i < kWidth; ++i) {
    double& x = rotation[static_cast<std::size_t>(i * kWidth + a)];
    double& y = rotation[static_cast<std::size_t>(i * kWidth + b)];
    const double first = std::cos(angle) * x - std::sin(angle) * y;
    y = std::sin(angle) * x + std::cos(angle) * y;
    x = first;
  }
  return rotation;
}

std::vector<double> identity() {
  std::vector<double> matrix(kWidth * kWidth);
  for (std::size_t i = 0; i < kWidth; ++i) matrix[i * kWidth + i] = 1.0;
  return matrix;
}

TEST_CASE("a rotation is found again, a reflection as well") {
  nn::Random random(5);
  const std::vector<float> from = random.floats(40 * kWidth);
  std::vector<double> rotation = identity();
  for (std::int64_t a = 0; a < kWidth; ++a) {
    for (std::int64_t b = 0; b < a; ++b) {
      rotation =
          turned_further(rotation, a, b, 0.3 * static_cast<double>(a) + static_cast<double>(b));
    }
  }
  for (std::size_t i = 0; i < kWidth; ++i) rotation[i * kWidth] = -rotation[i * kWidth];
  const std::vector<float> to = turned(from, rotation);
  const std::vector<double> found = rotation_of(from, to);
  check_orthogonal(found);
  for (std::size_t i = 0; i < found.size(); ++i) {
    CHECK(found[i] == doctest::Approx(rotation[i]).epsilon(1e-5));
  }
}

TEST_CASE("no turn further brings the vectors closer") {
  nn::Random random(6);
  const std::vector<float> from = random.floats(40 * kWidth);
  const std::vector<float> to = random.floats(40 * kWidth);
  const std::vector<double> found = rotation_of(from, to);
  check_orthogonal(found);
  const double least = distance(turned(from, found), to);
  CHECK(least < distance(from, to));
  for (std::int64_t a = 0; a < kWidth; ++a) {
    for (std::int64_t b = 0; b < a; ++b) {
      for (const double angle : {-1.0, -0.01, 0.01, 1.0}) {
        CHECK(distance(turned(from, turned_further(found, a, b, angle)), to) > least);
      }
    }
  }
}

TEST_CASE("vectors in few dimensions, or none, have a rotation, too") {
  nn::Random random(7);
  std::vector<float> from = random.floats(40 * kWidth);
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (i % kWidth >= 3) from[i] = 0.0f;
  }
  std::vector<float> to(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (i % kWidth < 3) to[i + 5] = from[i];
  }
  const std::vector<double> found = rotation_of(from, to);
  check_orthogonal(found);
  CHECK(distance(turned(from, found), to) < 1e-9);
  check_orthogonal(rotation_of(from, std::vector<float>(from.size())));
}

TEST_CASE("the same rotation on any number of threads, and from blocks") {
  nn::Random random(8);
  const std::vector<float> from = random.floats(40 * kWidth);
  const std::vector<float> to = random.floats(40 * kWidth);
  const std::vector<double> expected = rotation_of(from, to);
  CHECK(rotation_of(from, to, 5) == expected);
  Procrustes procrustes(kWidth);
  procrustes.add(rows_of(from).first_rows(7), rows_of(to).first_rows(7), 2);
  procrustes.add(rows_of(from).row_range(7, 33), rows_of(to).row_range(7, 33), 1);
  CHECK(procrustes.rotation() == expected);
  CHECK_THROWS_AS(procrustes.add(rows_of(from), rows_of(to).first_rows(3), 1), Error);
  CHECK_THROWS_AS(Procrustes(kWidth + 1).add(rows_of(from), rows_of(to), 1), Error);
}

}  // namespace
}  // namespace convbert
