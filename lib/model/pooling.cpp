#include "model/pooling.h"

#include <algorithm>
#include <cmath>

#include "nn/row_loops.h"

namespace convbert {
namespace {

constexpr Pooling kAll[] = {Pooling::mean, Pooling::cls, Pooling::max, Pooling::last};

}  // namespace

std::string_view name_of(Pooling pooling) {
  switch (pooling) {
    case Pooling::mean: return "mean";
    case Pooling::cls: return "cls";
    case Pooling::max: return "max";
    case Pooling::last: return "last";
  }
  return "unknown";
}

std::optional<Pooling> pooling_from_name(std::string_view name) {
  for (const Pooling pooling : kAll) {
    if (name_of(pooling) == name) return pooling;
  }
  return std::nullopt;
}

void pool(Pooling pooling, ConstMatrixView hidden, std::span<float> to) {
  const std::int64_t start = pooling == Pooling::last ? hidden.rows - 1 : 0;
  std::ranges::copy(hidden.row_span(start), to.begin());
  if (pooling == Pooling::mean) {
    for (std::int64_t row = 1; row < hidden.rows; ++row) {
      nn::add_in_place(to.data(), hidden.row(row), hidden.columns);
    }
    const auto count = static_cast<float>(hidden.rows);
    for (float& value : to) value /= count;
  } else if (pooling == Pooling::max) {
    for (std::int64_t row = 1; row < hidden.rows; ++row) {
      std::ranges::transform(to, hidden.row_span(row), to.begin(),
                             [](float a, float b) { return b > a || std::isnan(b) ? b : a; });
    }
  }
}

void pool_each(Pooling pooling, const Batch& batch, ConstMatrixView hidden, MatrixView to) {
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
    pool(pooling, rows_of(hidden, batch, s), to.row_span(s));
  }
}

void normalize(std::span<float> vector) {
  const auto norm = static_cast<float>(std::max(std::sqrt(dot(vector, vector)), 1e-12));
  for (float& value : vector) value /= norm;
}

}  // namespace convbert
