// Encoders of the published shapes with random weights, without a file: for measuring and testing
// what does not depend on training.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/batch.h"
#include "model/config.h"
#include "model/encoder.h"
#include "model/weights.h"

namespace convbert {

// "conv-bert-base" and so on, as the models are called on the Hugging Face hub.
std::vector<std::string_view> published_shape_names();
std::optional<ModelConfig> published_shape(std::string_view name);

// Owns the weights that its encoder reads. The same configuration gives the same weights.
class RandomModel {
 public:
  explicit RandomModel(const ModelConfig& config, const EncoderOptions& options = {});
  const Encoder& encoder() const { return *encoder_; }

 private:
  std::deque<std::vector<float>> values_;
  std::deque<StoredTensor> tensors_;
  std::optional<Encoder> encoder_;
};

// Sequences of the given lengths; the same arguments give the same token ids.
Batch random_batch(std::span<const std::int64_t> lengths, std::int64_t vocab_size);

}  // namespace convbert
