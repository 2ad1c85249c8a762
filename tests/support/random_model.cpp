#include "support/random_model.h"

#include <algorithm>
#include <type_traits>

namespace convbert::test {
namespace {

ModelConfig convbert_config(std::int64_t hidden, std::int64_t embedding, std::int64_t heads) {
  ModelConfig config;
  config.family = Family::convbert;
  config.vocab_size = 30522;
  config.hidden_size = hidden;
  config.embedding_size = embedding;
  config.layers = 12;
  config.intermediate_size = 4 * hidden;
  config.max_positions = 512;
  config.type_vocab_size = 2;
  config.convolution = ConvolutionConfig{};
  config.attention_heads = heads / 2;
  config.head_size = hidden / heads;
  return config;
}

}  // namespace

ModelConfig base_config() { return convbert_config(768, 768, 12); }
ModelConfig small_config() { return convbert_config(256, 128, 4); }

RandomModel::RandomModel(const ModelConfig& config, const EncoderOptions& options) {
  EncoderWeights weights = encoder_layout(config);
  std::mt19937 generator(7);
  std::uniform_real_distribution<float> uniform(-0.035f, 0.035f);
  for_each_encoder_tensor(weights, [&]<class Role>(Role& weight) {
    // Scales lie around one, so that values keep the order of magnitude of a trained model's.
    const float center = std::is_same_v<Role, NormScale> ? 1.0f : 0.0f;
    const auto count = static_cast<std::size_t>(*element_count(weight.shape));
    std::vector<float>& values = values_.emplace_back(count);
    std::ranges::generate(values, [&] { return center + uniform(generator); });
    tensors_.push_back({DType::f32, weight.shape, row_major_strides(weight.shape),
                        std::as_bytes(std::span(values))});
    weight.stored = &tensors_.back();
  });
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

}  // namespace convbert::test
