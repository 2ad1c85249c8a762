#include "train/losses.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace convbert {
namespace {

void expect(bool holds, std::string_view loss) {
  if (!holds) throw Error(ErrorKind::internal, concat(loss, ": arguments of different shapes"));
}

bool have_one_shape(ConstMatrixView a, ConstMatrixView b) {
  return a.rows == b.rows && a.columns == b.columns;
}

// log(1 + exp(x)), for any x.
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

// log(sum(exp(values)))
double log_sum(std::span<const double> values) {
  const double largest = *std::ranges::max_element(values);
  double sum = 0.0;
  for (const double value : values) sum += std::exp(value - largest);
  return largest + std::log(sum);
}

// 1 / |v|, bounded as model/pooling.h bounds it.
double inverse_length(std::span<const float> vector) {
  return 1.0 / std::max(std::sqrt(dot(vector, vector)), 1e-12);
}

// d cos(a, b) / d a = (b / |b| - cos a / |a|) / |a|, times `factor`, added.
struct Direction {
  std::span<const float> vector;
  double inverse;
};
void add_cosine_gradient(const Direction& a, const Direction& b, double cosine, double factor,
                         std::span<float> gradient) {
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    const double across = b.vector[i] * b.inverse - cosine * a.vector[i] * a.inverse;
    gradient[i] += static_cast<float>(factor * a.inverse * across);
  }
}

std::vector<Direction> directions_of(ConstMatrixView vectors) {
  std::vector<Direction> directions;
  for (std::int64_t row = 0; row < vectors.rows; ++row) {
    directions.push_back({vectors.row_span(row), inverse_length(vectors.row_span(row))});
  }
  return directions;
}

double cosine_of(const Direction& a, const Direction& b) {
  return dot(a.vector, b.vector) * a.inverse * b.inverse;
}

// What a loss compares one by one: values, [rows, n], each with its target.
struct Compared {
  ConstMatrixView values;
  ConstMatrixView targets;
  std::span<const float> weights;  // of the rows
  MatrixView gradient;
};

struct Term {
  double loss;
  double gradient;
};

// The sum of of(value, target, weight) over all values: a row's weight is shared by its values.
template <class Of>
double sum_of_terms(std::string_view name, const Compared& compared, Of of) {
  const auto& [values, targets, weights, gradient] = compared;
  expect(have_one_shape(values, gradient) && have_one_shape(values, targets) &&
             std::ssize(weights) == values.rows,
         name);
  double loss = 0.0;
  for (std::int64_t row = 0; row < values.rows; ++row) {
    const double weight =
        weights[static_cast<std::size_t>(row)] / static_cast<double>(values.columns);
    for (std::int64_t i = 0; i < values.columns; ++i) {
      const Term term = of(values.row(row)[i], targets.row(row)[i], weight);
      loss += term.loss;
      gradient.row(row)[i] = static_cast<float>(term.gradient);
    }
  }
  return loss;
}

}  // namespace

double cross_entropy(ConstMatrixView logits, std::span<const std::int32_t> labels,
                     std::span<const float> weights, const CrossEntropyOptions& options,
                     MatrixView gradient) {
  const std::int64_t classes = logits.columns;
  expect(have_one_shape(logits, gradient) && std::ssize(labels) == logits.rows &&
             labels.size() == weights.size() &&
             (options.class_weights.empty() || std::ssize(options.class_weights) == classes),
         "cross_entropy");
  const auto class_weight = [&](std::int64_t index) {
    return options.class_weights.empty()
               ? 1.0
               : static_cast<double>(options.class_weights[static_cast<std::size_t>(index)]);
  };
  double weight_sum = 0.0;
  for (std::int64_t i = 0; i < classes; ++i) weight_sum += class_weight(i);
  const double smoothed = options.label_smoothing / static_cast<double>(classes);
  double loss = 0.0;
  std::vector<double> values(static_cast<std::size_t>(classes));
  for (std::int64_t row = 0; row < logits.rows; ++row) {
    const std::int32_t label = labels[static_cast<std::size_t>(row)];
    if (label == kIgnored) {
      std::ranges::fill(gradient.row_span(row), 0.0f);
      continue;
    }
    if (label < 0 || label >= classes) {
      throw Error(ErrorKind::internal,
                  concat("cross_entropy: label ", label, " of ", classes, " classes"));
    }
    std::ranges::copy(logits.row_span(row), values.begin());
    const double total = log_sum(values);
    const double weight = weights[static_cast<std::size_t>(row)];
    // -l is a sum of log-probabilities times these, whose sum is `mass`.
    const auto share = [&](std::int64_t index) {
      const double own = index == label ? 1.0 - options.label_smoothing : 0.0;
      return (own + smoothed) * class_weight(index);
    };
    const double mass =
        (1.0 - options.label_smoothing) * class_weight(label) + smoothed * weight_sum;
    for (std::int64_t i = 0; i < classes; ++i) {
      const double log_probability = values[static_cast<std::size_t>(i)] - total;
      if (share(i) != 0.0) loss -= weight * share(i) * log_probability;
      gradient.row(row)[i] =
          static_cast<float>(weight * (mass * std::exp(log_probability) - share(i)));
    }
  }
  return loss;
}

double binary_cross_entropy(ConstMatrixView logits, ConstMatrixView targets,
                            std::span<const float> weights, MatrixView gradient) {
  return sum_of_terms("binary_cross_entropy", {logits, targets, weights, gradient},
                      [](double x, double target, double weight) -> Term {
                        return {weight * (softplus(x) - target * x),
                                weight * (1.0 / (1.0 + std::exp(-x)) - target)};
                      });
}

double squared_error(ConstMatrixView values, ConstMatrixView targets,
                     std::span<const float> weights, MatrixView gradient) {
  return sum_of_terms("squared_error", {values, targets, weights, gradient},
                      [](double value, double target, double weight) -> Term {
                        const double difference = value - target;
                        return {weight * difference * difference, 2.0 * weight * difference};
                      });
}

double cosine_to_value(ConstMatrixView vectors, std::span<const float> targets,
                       std::span<const float> weights, MatrixView gradient) {
  expect(have_one_shape(vectors, gradient) && 2 * std::ssize(targets) == vectors.rows &&
             targets.size() == weights.size(),
         "cosine_to_value");
  const std::vector<Direction> directions = directions_of(vectors);
  double loss = 0.0;
  for (std::size_t pair = 0; pair < targets.size(); ++pair) {
    const auto row = static_cast<std::int64_t>(2 * pair);
    const Direction& a = directions[2 * pair];
    const Direction& b = directions[2 * pair + 1];
    const double cosine = cosine_of(a, b);
    const double difference = cosine - targets[pair];
    const double weight = weights[pair];
    loss += weight * difference * difference;
    std::ranges::fill(gradient.row_span(row), 0.0f);
    std::ranges::fill(gradient.row_span(row + 1), 0.0f);
    add_cosine_gradient(a, b, cosine, 2.0 * weight * difference, gradient.row_span(row));
    add_cosine_gradient(b, a, cosine, 2.0 * weight * difference, gradient.row_span(row + 1));
  }
  return loss;
}

double in_batch_negatives(ConstMatrixView vectors, float temperature, MatrixView gradient) {
  expect(have_one_shape(vectors, gradient) && vectors.rows % 2 == 0 && temperature > 0.0f,
         "in_batch_negatives");
  const std::vector<Direction> directions = directions_of(vectors);
  for (std::int64_t row = 0; row < gradient.rows; ++row) {
    std::ranges::fill(gradient.row_span(row), 0.0f);
  }
  const std::size_t pairs = directions.size() / 2;
  const double share = 1.0 / static_cast<double>(pairs);
  double loss = 0.0;
  std::vector<double> scores(pairs);
  for (std::size_t i = 0; i < pairs; ++i) {
    const Direction& a = directions[2 * i];
    for (std::size_t j = 0; j < pairs; ++j) {
      scores[j] = cosine_of(a, directions[2 * j + 1]) / temperature;
    }
    const double total = log_sum(scores);
    loss += share * (total - scores[i]);
    for (std::size_t j = 0; j < pairs; ++j) {
      const Direction& b = directions[2 * j + 1];
      const double cosine = scores[j] * temperature;
      const double own = i == j ? 1.0 : 0.0;
      const double factor = share * (std::exp(scores[j] - total) - own) / temperature;
      add_cosine_gradient(a, b, cosine, factor,
                          gradient.row_span(static_cast<std::int64_t>(2 * i)));
      add_cosine_gradient(b, a, cosine, factor,
                          gradient.row_span(static_cast<std::int64_t>(2 * j + 1)));
    }
  }
  return loss;
}

double cosine_to_vectors(ConstMatrixView vectors, ConstMatrixView targets,
                         std::span<const float> weights, MatrixView gradient) {
  expect(have_one_shape(vectors, gradient) && have_one_shape(vectors, targets) &&
             std::ssize(weights) == vectors.rows,
         "cosine_to_vectors");
  const std::vector<Direction> directions = directions_of(vectors);
  const std::vector<Direction> goals = directions_of(targets);
  double loss = 0.0;
  for (std::size_t i = 0; i < directions.size(); ++i) {
    const double cosine = cosine_of(directions[i], goals[i]);
    const double weight = weights[i];
    loss += weight * (1.0 - cosine);
    const std::span<float> row = gradient.row_span(static_cast<std::int64_t>(i));
    std::ranges::fill(row, 0.0f);
    add_cosine_gradient(directions[i], goals[i], cosine, -weight, row);
  }
  return loss;
}

double cosines_to_cosines(ConstMatrixView vectors, ConstMatrixView targets, MatrixView gradient) {
  expect(have_one_shape(vectors, gradient) && targets.rows == vectors.rows, "cosines_to_cosines");
  const std::vector<Direction> directions = directions_of(vectors);
  const std::vector<Direction> goals = directions_of(targets);
  for (std::int64_t row = 0; row < gradient.rows; ++row) {
    std::ranges::fill(gradient.row_span(row), 0.0f);
  }
  if (directions.size() < 2) return 0.0;
  const auto rows = static_cast<double>(directions.size());
  const double share = 2.0 / (rows * (rows - 1.0));
  double loss = 0.0;
  for (std::size_t i = 0; i < directions.size(); ++i) {
    for (std::size_t j = i + 1; j < directions.size(); ++j) {
      const Direction& a = directions[i];
      const Direction& b = directions[j];
      const double cosine = cosine_of(a, b);
      const double difference = cosine - cosine_of(goals[i], goals[j]);
      loss += share * difference * difference;
      const double factor = 2.0 * share * difference;
      add_cosine_gradient(a, b, cosine, factor, gradient.row_span(static_cast<std::int64_t>(i)));
      add_cosine_gradient(b, a, cosine, factor, gradient.row_span(static_cast<std::int64_t>(j)));
    }
  }
  return loss;
}

}  // namespace convbert
