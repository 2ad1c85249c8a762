// Encoders with random weights, of any shape, without a file.
#pragma once

#include <deque>
#include <random>
#include <span>
#include <vector>

#include "model/config.h"
#include "model/encoder.h"
#include "model/weights.h"

namespace convbert::test {

// Published shapes: conv-bert-base, conv-bert-small.
ModelConfig base_config();
ModelConfig small_config();

// Owns the weights that its encoder reads.
class RandomModel {
 public:
  explicit RandomModel(const ModelConfig& config, const EncoderOptions& options = {});
  const Encoder& encoder() const { return *encoder_; }

 private:
  std::deque<std::vector<float>> values_;
  std::deque<StoredTensor> tensors_;
  std::optional<Encoder> encoder_;
};

// Random token ids of the given lengths.
Batch random_batch(std::span<const std::int64_t> lengths, std::int64_t vocab_size);

}  // namespace convbert::test
