// A small model with random weights and batches for it.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "model/config.h"
#include "train/parameters.h"
#include "train/trained_model.h"

namespace convbert {

// Two layers with a convolution, a projection and groups.
inline ModelConfig sample_config(ConvolutionKind kind = ConvolutionKind::span) {
  ModelConfig config;
  config.family = Family::convbert;
  config.vocab_size = 50;
  config.embedding_size = 8;
  config.hidden_size = 16;
  config.layers = 2;
  config.intermediate_size = 24;
  config.max_positions = 40;
  config.type_vocab_size = 2;
  config.groups = 2;
  config.attention_heads = 2;
  config.head_size = 4;
  config.convolution = ConvolutionConfig{.kind = kind, .head_ratio = 2, .kernel_size = 5};
  return config;
}

// `head`: null for none.
inline Parameters sample_parameters(const ModelConfig& config, const HeadForm* head,
                                    std::int64_t outputs) {
  auto parameters = same_structure<Parameters>(
      BasicModelWeights<StoredWeight>{.encoder = encoder_layout(config), .head = {}});
  const EncoderWeights layout = encoder_layout(config);
  std::mt19937 generator(41);
  std::normal_distribution<float> normal(0.0f, 0.2f);
  const auto fill = [&]<class Role>(Role& values, const StoredWeight& from) {
    values.name = from.name;
    values.shape = from.shape;
    values.floats.resize(static_cast<std::size_t>(*element_count(from.shape)));
    const float center = std::is_same_v<Role, NormScaleOf<Values>> ? 1.0f : 0.0f;
    for (float& value : values.floats) value = center + normal(generator);
  };
  for_each_tensor(fill, parameters.encoder, layout);
  if (head != nullptr) add_new_head(parameters, config, *head, outputs, 42);
  return parameters;
}

inline TrainingBatch sample_batch(const ModelConfig& config, std::int64_t sequences) {
  std::mt19937 generator(43);
  const auto below = [&](std::int64_t end) {
    return static_cast<std::int32_t>(generator() % static_cast<std::uint32_t>(end));
  };
  TrainingBatch training;
  for (std::int64_t s = 0; s < sequences; ++s) {
    std::vector<std::int32_t> ids(static_cast<std::size_t>(1 + below(config.max_positions)));
    std::vector<std::int32_t> types(ids.size());
    for (std::int32_t& id : ids) id = below(config.vocab_size);
    for (std::int32_t& type : types) type = below(2);
    training.batch.append(ids, types);
  }
  return training;
}

}  // namespace convbert
