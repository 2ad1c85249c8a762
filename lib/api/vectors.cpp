#include "api/vectors.h"

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace convbert {
namespace {

// The model's own step is one of texts.
Normalization normalization_of(const VectorOptions& options, const SentenceConfig& sentence,
                               VectorsOf of) {
  if (options.normalize) {
    return *options.normalize ? Normalization::after_cut : Normalization::none;
  }
  const bool of_model = of == VectorsOf::texts && sentence.normalize;
  return of_model ? Normalization::before_cut : Normalization::none;
}

// Likewise. all: numbers of a vector.
std::int64_t dim_of(const VectorOptions& options, const SentenceConfig& sentence, VectorsOf of,
                    std::int64_t all) {
  if (options.dim != 0) return options.dim;
  return of == VectorsOf::texts ? std::min(sentence.dim.value_or(all), all) : all;
}

}  // namespace

VectorPlan plan_vectors(const LoadedModel& loaded, const VectorOptions& options, VectorsOf of) {
  const ModelConfig& config = loaded.model.config;
  const SentenceConfig& sentence = loaded.sentence;
  if (!sentence.unsupported_prompt.empty()) {
    throw Error(ErrorKind::format, sentence.unsupported_prompt);
  }
  if (!sentence.unsupported.empty() && !(options.pooling && options.normalize)) {
    throw Error(ErrorKind::format,
                concat(sentence.unsupported, "; pooling and normalize decide instead of it"));
  }
  VectorPlan plan{
      .of = of,
      .pooling = options.pooling.value_or(sentence.pooling),
      .dense = nullptr,
      .normalization = normalization_of(options, sentence, of),
      .layer = options.layer.value_or(config.layers),
      .dim = 0,
  };
  if (plan.layer < 0) plan.layer += config.layers + 1;
  if (plan.layer < 0 || plan.layer > config.layers) {
    throw Error(
        ErrorKind::usage, OptionName{"layer"},
        concat(": expected 0 (the embeddings) to ", config.layers, ", found ", *options.layer));
  }
  if (of == VectorsOf::texts && plan.layer == config.layers && plan.pooling == sentence.pooling) {
    plan.dense = loaded.dense;
  }
  const std::int64_t width = plan.dense ? plan.dense->out() : config.hidden_size;
  plan.dim = dim_of(options, sentence, of, width);
  if (plan.dim < 1 || plan.dim > width) {
    throw Error(
        ErrorKind::usage, OptionName{"dim"},
        concat(": expected 1 to ", width, ", the size of the model's vectors, found ", plan.dim));
  }
  return plan;
}

std::vector<float> text_vector(ConstMatrixView hidden, const VectorPlan& plan) {
  std::vector<float> vector(static_cast<std::size_t>(hidden.columns));
  pool(plan.pooling, hidden, vector);
  return finish_vector(std::move(vector), plan);
}

std::vector<float> finish_vector(std::vector<float> pooled, const VectorPlan& plan) {
  if (plan.dense) pooled = plan.dense->forward(pooled);
  if (plan.normalization == Normalization::before_cut) normalize(pooled);
  pooled.resize(static_cast<std::size_t>(plan.dim));
  if (plan.normalization == Normalization::after_cut) normalize(pooled);
  return pooled;
}

void WindowMean::add(std::span<const float> pooled, std::int64_t tokens) {
  if (tokens == tokens_of_all_) {  // a lone window, as it is
    mean_.assign(pooled.begin(), pooled.end());
    return;
  }
  mean_.resize(pooled.size());
  const float share = static_cast<float>(tokens) / static_cast<float>(tokens_of_all_);
  for (std::size_t i = 0; i < pooled.size(); ++i) mean_[i] += share * pooled[i];
}

std::vector<float> token_vectors(ConstMatrixView hidden, const VectorPlan& plan) {
  std::vector<float> vectors;
  vectors.reserve(static_cast<std::size_t>(hidden.rows * plan.dim));
  std::vector<float> vector(static_cast<std::size_t>(plan.dim));
  for (std::int64_t row = 0; row < hidden.rows; ++row) {
    std::ranges::copy(hidden.row_span(row).first(vector.size()), vector.begin());
    if (plan.normalization != Normalization::none) normalize(vector);
    vectors.insert(vectors.end(), vector.begin(), vector.end());
  }
  return vectors;
}

}  // namespace convbert
