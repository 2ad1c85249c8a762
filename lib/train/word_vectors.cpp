#include "train/word_vectors.h"

#include <cmath>
#include <vector>

#include "model/pooling.h"
#include "train/principal_components.h"

namespace convbert {
namespace {

// Root mean square of the embeddings. Positions, whose deviation is 0.02, are added before a
// LayerNorm: words must stand out of them. From 0.06 to 0.2 a student learns the same, with 0.02
// less (docs/decisions.md).
constexpr double kDeviation = 0.1;

void take_mean_away(MatrixView vectors) {
  std::vector<double> sums(static_cast<std::size_t>(vectors.columns));
  for (std::int64_t row = 0; row < vectors.rows; ++row) {
    const std::span<const float> vector = vectors.row_span(row);
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += double{vector[i]};
  }
  for (std::int64_t row = 0; row < vectors.rows; ++row) {
    const std::span<float> vector = vectors.row_span(row);
    for (std::size_t i = 0; i < sums.size(); ++i) {
      vector[i] -= static_cast<float>(sums[i] / static_cast<double>(vectors.rows));
    }
  }
}

}  // namespace

double begin_with_word_vectors(Values& words, std::span<const std::int32_t> tokens,
                               MatrixView vectors, int threads) {
  for (std::int64_t row = 0; row < vectors.rows; ++row) normalize(vectors.row_span(row));
  take_mean_away(vectors);
  const std::int64_t size = words.shape[1];
  SecondMoments moments(vectors.columns);
  moments.add(vectors, threads);
  const PrincipalComponents components = moments.components(size);

  std::vector<float> begun(tokens.size() * static_cast<std::size_t>(size));
  const MatrixView embeddings{begun.data(), vectors.rows, size, size};
  for (std::int64_t row = 0; row < vectors.rows; ++row) {
    components.project(vectors.row_span(row), embeddings.row_span(row));
  }
  double squares = 0.0;
  for (const float x : begun) squares += double{x} * double{x};
  if (squares == 0.0) return 0.0;
  const double scale = kDeviation / std::sqrt(squares / static_cast<double>(begun.size()));
  for (std::int64_t row = 0; row < vectors.rows; ++row) {
    const std::span<const float> from = embeddings.row_span(row);
    float* to = words.floats.data() + tokens[static_cast<std::size_t>(row)] * size;
    for (std::size_t i = 0; i < from.size(); ++i)
      to[i] = static_cast<float>(scale * double{from[i]});
  }
  return components.kept();
}

}  // namespace convbert
