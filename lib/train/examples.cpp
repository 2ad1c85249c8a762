#include "train/examples.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/random.h"
#include "train/losses.h"

namespace convbert {

TeacherVectors::TeacherVectors(ConstMatrixView targets, std::int64_t width)
    : fitted(targets.column_range(0, width)),
      compared(targets.columns == width ? fitted
                                        : targets.column_range(width, targets.columns - width)) {}

LearningBatch::LearningBatch(const Examples& examples, Objective objective,
                             std::span<const std::uint32_t> chosen, const LossOptions& options,
                             std::int64_t vector_width)
    : objective_(objective),
      options_(options),
      target_width_(examples.target_width),
      vector_width_(vector_width) {
  training_.group = examples.group;
  for (const std::uint32_t example : chosen) {
    const std::int64_t first = example * examples.group;
    for (std::int64_t s = first; s < first + examples.group; ++s) {
      training_.batch.append(examples.sequences, s);
    }
    take_labels(examples, example);
  }
  const auto share_of = [&](std::int32_t label) {
    return options.class_weights.empty() ? 1.0
                                         : options.class_weights[static_cast<std::size_t>(label)];
  };
  const bool has_classes = objective == Objective::label || objective == Objective::token_labels;
  double mass = static_cast<double>(chosen.size());
  if (has_classes) {
    mass = 0.0;
    for (const std::int32_t label : labels_) mass += share_of(label);
  }
  weights_.assign(has_classes ? labels_.size() : chosen.size(),
                  static_cast<float>(1.0 / std::max(mass, 1e-12)));
}

void LearningBatch::take_labels(const Examples& examples, std::uint32_t example) {
  switch (objective_) {
    case Objective::label: labels_.push_back(examples.labels[example]); break;
    case Objective::token_labels: {
      const std::int64_t to = training_.batch.starts.end()[-2];
      const std::int64_t from = examples.sequences.start(example);
      for (std::int64_t i = 0; i < examples.sequences.length(example); ++i) {
        const std::int32_t label = examples.labels[static_cast<std::size_t>(from + i)];
        if (label == kIgnored) continue;
        labels_.push_back(label);
        training_.rows.push_back(to + i);
      }
      break;
    }
    case Objective::several:
    case Objective::value:
    case Objective::similarity: {
      const auto begin = examples.targets.begin() + example * target_width_;
      targets_.insert(targets_.end(), begin, begin + target_width_);
      break;
    }
    case Objective::vectors: {
      const std::size_t first = targets_.size();
      targets_.resize(first + static_cast<std::size_t>(target_width_));
      examples.read_targets(example, std::span(targets_).subspan(first));
      if (!examples.labels.empty()) labels_.push_back(examples.labels[example]);
      break;
    }
    case Objective::negatives: break;
  }
}

std::int64_t LearningBatch::rows() const {
  return objective_ == Objective::token_labels ? std::ssize(labels_) : training_.batch.sequences();
}

ConstMatrixView LearningBatch::targets(std::size_t first, std::int64_t rows) const {
  return {targets_.data() + static_cast<std::int64_t>(first) * target_width_, rows, target_width_,
          target_width_};
}

double LearningBatch::loss_on_vectors(std::size_t first, ConstMatrixView outputs,
                                      MatrixView gradient) const {
  const ConstMatrixView vectors = outputs.column_range(0, vector_width_);
  const MatrixView d_vectors = gradient.column_range(0, vector_width_);
  const TeacherVectors teacher(targets(first, outputs.rows), vector_width_);
  double loss = cosine_to_vectors(
      vectors, teacher.fitted,
      std::span(weights_).subspan(first, static_cast<std::size_t>(outputs.rows)), d_vectors);
  if (options_.relational > 0.0f) {
    std::vector<float> floats(static_cast<std::size_t>(vectors.rows * vectors.columns));
    const MatrixView between{floats.data(), vectors.rows, vectors.columns, vectors.columns};
    loss += options_.relational * cosines_to_cosines(vectors, teacher.compared, between);
    for (std::int64_t row = 0; row < vectors.rows; ++row) {
      std::ranges::transform(d_vectors.row_span(row), between.row_span(row), d_vectors.row(row),
                             [&](float a, float b) { return a + options_.relational * b; });
    }
  }
  if (labels_.empty()) return loss;
  const std::int64_t classes = outputs.columns - vector_width_;
  return loss + loss_on_labels(first, outputs.column_range(vector_width_, classes),
                               gradient.column_range(vector_width_, classes));
}

// A labelled text counts as much as any other: its share is one by all texts of the batch.
double LearningBatch::loss_on_labels(std::size_t first, ConstMatrixView logits,
                                     MatrixView gradient) const {
  const auto count = static_cast<std::size_t>(logits.rows);
  std::vector<float> weights(count);
  std::ranges::transform(std::span(weights_).subspan(first, count), weights.begin(),
                         [&](float weight) { return options_.labels * weight; });
  return cross_entropy(logits, std::span(labels_).subspan(first, count), weights,
                       {options_.label_smoothing, options_.class_weights}, gradient);
}

double LearningBatch::loss_by_label(std::size_t first, ConstMatrixView outputs,
                                    MatrixView gradient) const {
  const auto count = static_cast<std::size_t>(outputs.rows);
  const auto labels = std::span(labels_).subspan(first, count);
  const std::int64_t classes = outputs.columns - vector_width_;
  const double loss = cross_entropy(outputs.column_range(vector_width_, classes), labels,
                                    std::span(weights_).subspan(first, count),
                                    {options_.label_smoothing, options_.class_weights},
                                    gradient.column_range(vector_width_, classes));
  if (vector_width_ == 0) return loss;
  // Rows of which those of one label are the same, and others at right angles.
  std::vector<float> rows_of_labels(static_cast<std::size_t>(outputs.rows * classes));
  const MatrixView goals{rows_of_labels.data(), outputs.rows, classes, classes};
  for (std::size_t i = 0; i < count; ++i) goals.row(static_cast<std::int64_t>(i))[labels[i]] = 1.0f;
  const MatrixView d_vectors = gradient.column_range(0, vector_width_);
  const double contrast =
      cosines_to_cosines(outputs.column_range(0, vector_width_), goals, d_vectors);
  for (std::int64_t row = 0; row < d_vectors.rows; ++row) {
    for (float& d : d_vectors.row_span(row)) d *= options_.contrast;
  }
  return loss + options_.contrast * contrast;
}

LossFunction LearningBatch::loss() const {
  return [this](std::int64_t first_row, ConstMatrixView outputs, MatrixView gradient) -> double {
    const auto first = static_cast<std::size_t>(first_row);
    const auto count = static_cast<std::size_t>(outputs.rows);
    switch (objective_) {
      case Objective::label: return loss_by_label(first, outputs, gradient);
      case Objective::token_labels:
        return cross_entropy(outputs, std::span(labels_).subspan(first, count),
                             std::span(weights_).subspan(first, count),
                             {options_.label_smoothing, options_.class_weights}, gradient);
      case Objective::several:
        return binary_cross_entropy(outputs, targets(first, outputs.rows),
                                    std::span(weights_).subspan(first, count), gradient);
      case Objective::value:
        return squared_error(outputs, targets(first, outputs.rows),
                             std::span(weights_).subspan(first, count), gradient);
      case Objective::similarity:
        return cosine_to_value(outputs, std::span(targets_).subspan(first / 2, count / 2),
                               std::span(weights_).subspan(first / 2, count / 2), gradient);
      case Objective::negatives: return in_batch_negatives(outputs, options_.temperature, gradient);
      case Objective::vectors: return loss_on_vectors(first, outputs, gradient);
    }
    throw Error(ErrorKind::internal, "LearningBatch: unknown objective");
  };
}

std::vector<std::uint32_t> order_of_epoch(std::int64_t examples, std::uint64_t seed,
                                          std::int64_t epoch) {
  std::vector<std::uint32_t> order(static_cast<std::size_t>(examples));
  std::iota(order.begin(), order.end(), 0U);
  const std::uint64_t key = mixed(seed, static_cast<std::uint64_t>(epoch));
  for (std::size_t left = order.size(); left > 1; --left) {
    const std::size_t pick = below(left, mixed(key, left));
    std::swap(order[left - 1], order[pick]);
  }
  return order;
}

std::vector<float> balanced_weights(std::span<const std::int32_t> labels, std::int64_t classes) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(classes));
  std::int64_t all = 0;
  for (const std::int32_t label : labels) {
    if (label == kIgnored) continue;
    ++counts[static_cast<std::size_t>(label)];
    ++all;
  }
  std::vector<float> weights(counts.size(), 1.0f);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    weights[i] =
        static_cast<float>(static_cast<double>(all) / static_cast<double>(classes * counts[i]));
  }
  return weights;
}

}  // namespace convbert
