#include "model/random_model.h"

#include <algorithm>
#include <array>
#include <random>
#include <type_traits>

namespace convbert {
namespace {

// The sizes in which the published models differ; they share 12 layers, a vocabulary of 30,522, 512
// positions, 2 token types and inner layers of four times the hidden size.
struct PublishedShape {
  std::string_view name;
  Family family;
  std::int64_t hidden;
  std::int64_t embedding;
  std::int64_t heads;  // before head_ratio takes its share
  std::int64_t groups;
};

constexpr std::array kShapes{
    PublishedShape{"conv-bert-base", Family::convbert, 768, 768, 12, 1},
    PublishedShape{"conv-bert-medium-small", Family::convbert, 384, 128, 8, 2},
    PublishedShape{"conv-bert-small", Family::convbert, 256, 128, 4, 1},
    PublishedShape{"bert-base", Family::bert, 768, 768, 12, 1},
    PublishedShape{"electra-base", Family::electra, 768, 768, 12, 1},
    PublishedShape{"electra-small", Family::electra, 256, 128, 4, 1},
};

ModelConfig config_of(const PublishedShape& shape) {
  ModelConfig config;
  config.family = shape.family;
  config.vocab_size = 30522;
  config.hidden_size = shape.hidden;
  config.embedding_size = shape.embedding;
  config.layers = 12;
  config.intermediate_size = 4 * shape.hidden;
  config.max_positions = 512;
  config.type_vocab_size = 2;
  config.groups = shape.groups;
  config.attention_heads = shape.heads;
  config.head_size = shape.hidden / shape.heads;
  if (shape.family == Family::convbert) {
    config.convolution = ConvolutionConfig{};
    config.attention_heads /= config.convolution->head_ratio;
  }
  return config;
}

}  // namespace

std::vector<std::string_view> published_shape_names() {
  std::vector<std::string_view> names;
  for (const PublishedShape& shape : kShapes) names.push_back(shape.name);
  return names;
}

std::optional<ModelConfig> published_shape(std::string_view name) {
  const auto* const found = std::ranges::find(kShapes, name, &PublishedShape::name);
  if (found == kShapes.end()) return std::nullopt;
  return config_of(*found);
}

RandomModel::RandomModel(const ModelConfig& config, const EncoderOptions& options) {
  EncoderWeights weights = encoder_layout(config);
  std::mt19937 generator(7);
  std::uniform_real_distribution<float> uniform(-0.035f, 0.035f);
  const auto fill = [&]<class Role>(Role& weight) {
    // Scales lie around one, so that values keep the order of magnitude of a trained model's.
    const float center = std::is_same_v<Role, NormScale> ? 1.0f : 0.0f;
    const auto count = static_cast<std::size_t>(*element_count(weight.shape));
    std::vector<float>& values = values_.emplace_back(count);
    std::ranges::generate(values, [&] { return center + uniform(generator); });
    tensors_.push_back({DType::f32, weight.shape, row_major_strides(weight.shape),
                        std::as_bytes(std::span(values))});
    weight.stored = &tensors_.back();
  };
  for_each_tensor(fill, weights);
  encoder_.emplace(config, weights, options);
}

Batch random_batch(std::span<const std::int64_t> lengths, std::int64_t vocab_size) {
  std::mt19937 generator(11);
  std::uniform_int_distribution<std::int32_t> id(0, static_cast<std::int32_t>(vocab_size) - 1);
  Batch batch;
  for (const std::int64_t length : lengths) {
    std::vector<std::int32_t> ids(static_cast<std::size_t>(length));
    std::ranges::generate(ids, [&] { return id(generator); });
    batch.append(ids, std::vector<std::int32_t>(ids.size(), 0));
  }
  return batch;
}

}  // namespace convbert
