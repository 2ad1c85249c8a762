// Losses against their equations, their gradients against central differences.
#include "train/losses.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "nn/differences.h"
#include "nn/reference.h"

namespace convbert {
namespace {

using nn::Doubles;

constexpr std::int64_t kRows = 6;
constexpr std::int64_t kColumns = 5;

// A matrix of random numbers and what a loss of it must be.
class Case {
 public:
  using Loss = std::function<double(ConstMatrixView values, MatrixView gradient)>;

  explicit Case(unsigned seed, std::int64_t rows = kRows)
      : values_(nn::Random(seed).floats(rows * kColumns)), gradient_(values_.size()), rows_(rows) {}

  void check(const Loss& loss, const std::function<double(const Doubles&)>& reference) {
    const double found = loss(view(values_), view(gradient_));
    const Doubles at = nn::to_doubles(values_);
    CHECK(found == doctest::Approx(reference(at)).epsilon(1e-6));
    nn::check_gradient("gradient", gradient_, nn::differences(reference, at));
  }
  std::vector<float>& values() { return values_; }

 private:
  MatrixView view(std::vector<float>& floats) const {
    return {floats.data(), rows_, kColumns, kColumns};
  }

  std::vector<float> values_;
  std::vector<float> gradient_;
  std::int64_t rows_;
};

const std::vector<float> kWeights{0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f};
const std::vector<std::int32_t> kLabels{0, 4, kIgnored, 2, 1, 4};

TEST_CASE("cross-entropy: smoothing, weights of classes, ignored rows, large logits") {
  const std::vector<float> class_weights{0.5f, 1.0f, 2.0f, 0.25f, 3.0f};
  for (const float smoothing : {0.0f, 0.1f}) {
    for (const bool weighs : {false, true}) {
      Case random(31);
      random.values()[7] = 90.0f;
      const CrossEntropyOptions options{
          smoothing, weighs ? std::span<const float>(class_weights) : std::span<const float>()};
      const auto reference = [&](const Doubles& at) {
        double loss = 0;
        for (std::size_t row = 0; row < kRows; ++row) {
          if (kLabels[row] == kIgnored) continue;
          double largest = -1e300;
          double sum = 0;
          const auto x = std::span(at).subspan(row * kColumns, kColumns);
          for (const double value : x) largest = std::max(largest, value);
          for (const double value : x) sum += std::exp(value - largest);
          for (std::size_t i = 0; i < kColumns; ++i) {
            const double goal =
                (static_cast<std::size_t>(kLabels[row]) == i ? 1.0 - smoothing : 0.0) +
                smoothing / static_cast<double>(kColumns);
            const double weight = weighs ? class_weights[i] : 1.0;
            loss -= kWeights[row] * weight * goal * (x[i] - largest - std::log(sum));
          }
        }
        return loss;
      };
      random.check(
          [&](ConstMatrixView values, MatrixView gradient) {
            return cross_entropy(values, kLabels, kWeights, options, gradient);
          },
          reference);
    }
  }
}

TEST_CASE("binary cross-entropy, far from zero, too") {
  Case random(32);
  random.values()[3] = 80.0f;
  random.values()[8] = -80.0f;
  std::vector<float> targets(kRows * kColumns);
  for (std::size_t i = 0; i < targets.size(); ++i) targets[i] = i % 3 == 0 ? 1.0f : 0.25f * (i % 2);
  random.check(
      [&](ConstMatrixView values, MatrixView gradient) {
        return binary_cross_entropy(values, {targets.data(), kRows, kColumns, kColumns}, kWeights,
                                    gradient);
      },
      [&](const Doubles& at) {
        double loss = 0;
        for (std::size_t i = 0; i < at.size(); ++i) {
          const double positive = -std::log1p(std::exp(-at[i]));
          const double negative = -std::log1p(std::exp(at[i]));
          loss -= kWeights[i / kColumns] / kColumns *
                  (targets[i] * positive + (1.0 - targets[i]) * negative);
        }
        return loss;
      });
}

TEST_CASE("squared error") {
  Case random(33);
  const std::vector<float> targets = nn::Random(34).floats(kRows * kColumns);
  random.check(
      [&](ConstMatrixView values, MatrixView gradient) {
        return squared_error(values, {targets.data(), kRows, kColumns, kColumns}, kWeights,
                             gradient);
      },
      [&](const Doubles& at) {
        double loss = 0;
        for (std::size_t i = 0; i < at.size(); ++i) {
          loss += kWeights[i / kColumns] / kColumns * (at[i] - targets[i]) * (at[i] - targets[i]);
        }
        return loss;
      });
}

double cosine(const Doubles& at, std::size_t a, std::size_t b) {
  double product = 0;
  double squares_a = 0;
  double squares_b = 0;
  for (std::size_t i = 0; i < kColumns; ++i) {
    product += at[a * kColumns + i] * at[b * kColumns + i];
    squares_a += at[a * kColumns + i] * at[a * kColumns + i];
    squares_b += at[b * kColumns + i] * at[b * kColumns + i];
  }
  return product / std::sqrt(squares_a * squares_b);
}

TEST_CASE("the cosine of pairs against values") {
  Case random(35);
  const std::vector<float> targets{1.0f, 0.0f, 0.3f};
  const auto weights = std::span(kWeights).first(3);
  random.check(
      [&](ConstMatrixView vectors, MatrixView gradient) {
        return cosine_to_value(vectors, targets, weights, gradient);
      },
      [&](const Doubles& at) {
        double loss = 0;
        for (std::size_t i = 0; i < 3; ++i) {
          const double difference = cosine(at, 2 * i, 2 * i + 1) - targets[i];
          loss += weights[i] * difference * difference;
        }
        return loss;
      });
}

TEST_CASE("each other pair of the batch is a negative") {
  for (const std::int64_t pairs : {1, 4}) {
    Case random(36, 2 * pairs);
    const auto count = static_cast<std::size_t>(pairs);
    random.check([&](ConstMatrixView vectors,
                     MatrixView gradient) { return in_batch_negatives(vectors, 0.5f, gradient); },
                 [&](const Doubles& at) {
                   double loss = 0;
                   for (std::size_t i = 0; i < count; ++i) {
                     double sum = 0;
                     for (std::size_t j = 0; j < count; ++j) {
                       sum += std::exp(cosine(at, 2 * i, 2 * j + 1) / 0.5);
                     }
                     loss += (std::log(sum) - cosine(at, 2 * i, 2 * i + 1) / 0.5) /
                             static_cast<double>(count);
                   }
                   return loss;
                 });
  }
}

TEST_CASE("labels beyond the classes and shapes that do not fit are caught") {
  std::vector<float> floats(kRows * kColumns);
  const MatrixView matrix{floats.data(), kRows, kColumns, kColumns};
  const std::vector<std::int32_t> labels{0, 1, 2, 3, 4, 5};
  CHECK_THROWS_AS(cross_entropy(matrix, labels, kWeights, {}, matrix), Error);
  CHECK_THROWS_AS(cross_entropy(matrix, kLabels, std::span(kWeights).first(5), {}, matrix), Error);
  CHECK_THROWS_AS(squared_error(matrix, matrix.first_rows(5), kWeights, matrix), Error);
  CHECK_THROWS_AS(in_batch_negatives(matrix.first_rows(5), 1.0f, matrix.first_rows(5)), Error);
}

TEST_CASE("the cosine to a teacher's vectors") {
  Case random(41);
  const std::vector<float> targets = nn::Random(42).floats(kRows * kColumns);
  const Doubles goals = nn::to_doubles(targets);
  random.check(
      [&](ConstMatrixView vectors, MatrixView gradient) {
        return cosine_to_vectors(vectors, {targets.data(), kRows, kColumns, kColumns}, kWeights,
                                 gradient);
      },
      [&](const Doubles& at) {
        double loss = 0;
        for (std::size_t row = 0; row < kRows; ++row) {
          Doubles both(at.begin() + static_cast<std::ptrdiff_t>(row * kColumns),
                       at.begin() + static_cast<std::ptrdiff_t>((row + 1) * kColumns));
          both.insert(both.end(), goals.begin() + static_cast<std::ptrdiff_t>(row * kColumns),
                      goals.begin() + static_cast<std::ptrdiff_t>((row + 1) * kColumns));
          loss += kWeights[row] * (1.0 - cosine(both, 0, 1));
        }
        return loss;
      });
}

TEST_CASE("cosines between texts against a teacher's, whose vectors may be wider") {
  Case random(43);
  constexpr std::int64_t kWide = 2 * kColumns;
  std::vector<float> targets = nn::Random(44).floats(kRows * kWide);
  // Zeros behind the first columns, so that cosine() reads them as it reads the student's.
  Doubles goals;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (i % kWide >= kColumns) targets[i] = 0.0f;
    if (i % kWide < kColumns) goals.push_back(targets[i]);
  }
  random.check(
      [&](ConstMatrixView vectors, MatrixView gradient) {
        return cosines_to_cosines(vectors, {targets.data(), kRows, kWide, kWide}, gradient);
      },
      [&](const Doubles& at) {
        double loss = 0;
        for (std::size_t i = 0; i < kRows; ++i) {
          for (std::size_t j = 0; j < kRows; ++j) {
            const double difference = cosine(at, i, j) - cosine(goals, i, j);
            if (i != j) loss += difference * difference / (kRows * (kRows - 1.0));
          }
        }
        return loss;
      });
  // A lone text has no other.
  std::vector<float> gradient(kColumns, 1.0f);
  const ConstMatrixView one{random.values().data(), 1, kColumns, kColumns};
  CHECK(cosines_to_cosines(one, one, {gradient.data(), 1, kColumns, kColumns}) == 0.0);
  CHECK(gradient == std::vector<float>(kColumns, 0.0f));
}

}  // namespace
}  // namespace convbert
