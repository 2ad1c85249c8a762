#include "train/vocabulary_loss.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/random.h"
#include "nn/compute.h"
#include "nn/dropout.h"

namespace convbert {
namespace {

constexpr std::size_t kLanes = 16;   // partial results that compilers keep in vectors
constexpr std::size_t kBlock = 256;  // numbers summed at a time

std::int32_t largest(std::span<const float> values) {
  float lanes[kLanes];
  std::fill_n(lanes, kLanes, -1.0f);
  std::size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      lanes[lane] = values[i + lane] > lanes[lane] ? values[i + lane] : lanes[lane];
    }
  }
  float most = *std::ranges::max_element(lanes);
  for (; i < values.size(); ++i) most = std::max(most, values[i]);
  const auto found = std::ranges::find(values, most);
  return found == values.end() ? 0 : static_cast<std::int32_t>(found - values.begin());
}

float sum(std::span<const float> values) {
  float lanes[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += values[i + lane];
  }
  for (; i < values.size(); ++i) lanes[0] += values[i];
  float total = 0.0f;
  for (const float lane : lanes) total += lane;
  return total;
}

// The word at which the sum of probabilities passes a share, below 1, of all: blocks first, then
// words. Rounding may lose the last word's share, never reach beyond it.
std::int32_t word_at(std::span<const float> probabilities, double share) {
  double total = 0.0;
  const auto block_at = [&](std::size_t first) {
    return probabilities.subspan(first, std::min(kBlock, probabilities.size() - first));
  };
  for (std::size_t first = 0; first < probabilities.size(); first += kBlock) {
    total += sum(block_at(first));
  }
  double left = share * total;
  std::size_t first = 0;
  for (; first + kBlock < probabilities.size(); first += kBlock) {
    const double block = sum(block_at(first));
    if (left < block) break;
    left -= block;
  }
  const auto block = block_at(first);
  std::size_t last = 0;  // of those that can be drawn
  for (std::size_t i = 0; i < block.size(); ++i) {
    if (block[i] <= 0.0f) continue;
    last = i;
    left -= block[i];
    if (left < 0.0) break;
  }
  return static_cast<std::int32_t>(first + last);
}

}  // namespace

double VocabularyLoss::operator()(ConstMatrixView logits, const Rows& rows,
                                  MatrixView gradient) const {
  if (std::ssize(rows.words) != logits.rows || gradient.rows != logits.rows ||
      (!rows.guesses.empty() && rows.guesses.size() != rows.words.size())) {
    throw Error(ErrorKind::internal, "VocabularyLoss: arguments of different shapes");
  }
  const nn::ComputeScope scope;
  Workspace workspace;
  double loss = 0.0;
  for (std::int64_t row = 0; row < logits.rows; ++row) {
    const auto index = static_cast<std::size_t>(row);
    const std::int32_t word = rows.words[index];
    if (word < 0 || word >= logits.columns) {
      throw Error(ErrorKind::internal,
                  concat("VocabularyLoss: word ", word, " of ", logits.columns));
    }
    const std::span<float> p = gradient.row_span(row);
    softmax_.forward(logits.row_range(row, 1), gradient.row_range(row, 1), workspace);
    // The logarithm of the sum of exponentials by way of the most probable word: the word's own
    // probability may be too small for a float.
    const std::int32_t best = largest(p);
    // oneDNN's exponential makes a number of what is none.
    if (!std::isfinite(sum(logits.row_span(row)))) loss = std::numeric_limits<double>::quiet_NaN();
    loss += rows.weight * (static_cast<double>(logits.row(row)[best]) - logits.row(row)[word] -
                           std::log(static_cast<double>(p[static_cast<std::size_t>(best)])));
    if (!rows.guesses.empty()) {
      rows.guesses[index] = {
          best, word_at(p, uniform(nn::random_key(
                               {rows.key, static_cast<std::uint64_t>(rows.first + row)})))};
    }
    for (float& value : p) value *= rows.weight;
    p[static_cast<std::size_t>(word)] -= rows.weight;
  }
  return loss;
}

}  // namespace convbert
