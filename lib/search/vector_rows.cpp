#include "search/vector_rows.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace convbert {

void VectorTable::add(std::span<const float> vector) {
  if (static_cast<std::int64_t>(vector.size()) != width_) {
    throw Error(ErrorKind::internal, "VectorTable: a vector of another width");
  }
  values_.insert(values_.end(), vector.begin(), vector.end());
}

std::span<const float> VectorTable::row(std::int64_t index) const {
  return std::span(values_).subspan(static_cast<std::size_t>(index * width_),
                                    static_cast<std::size_t>(width_));
}

void VectorTable::read(std::int64_t first, MatrixView into) const {
  copy_rows({values_.data() + first * width_, into.rows, width_, width_}, into);
}

void expect_width(ConstMatrixView queries, const VectorRows& corpus) {
  if (queries.rows > 0 && queries.columns != corpus.width()) {
    throw Error(ErrorKind::usage,
                concat("queries of ", queries.columns, " numbers, where the corpus has ",
                       corpus.width(), " a vector"));
  }
}

bool scale_to_unit(std::span<float> vector) {
  // Several sums, which processors add side by side; in doubles, in which no square overflows.
  constexpr std::size_t kLanes = 8;
  std::array<double, kLanes> sums{};
  std::size_t i = 0;
  for (; i + kLanes <= vector.size(); i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const double value = vector[i + lane];
      sums[lane] += value * value;
    }
  }
  for (; i < vector.size(); ++i) sums[0] += static_cast<double>(vector[i]) * vector[i];
  double sum = 0;
  for (const double part : sums) sum += part;
  const double length = std::sqrt(sum);
  const bool has_direction = length >= std::numeric_limits<float>::min() && std::isfinite(length);
  if (!has_direction) {
    std::ranges::fill(vector, 0.0F);
    return false;
  }
  const double inverse = 1 / length;
  for (float& value : vector) value = static_cast<float>(value * inverse);
  return true;
}

}  // namespace convbert
