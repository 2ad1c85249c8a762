// The trained encoder and the encoder of inference are two ways to compute one thing.
#include <doctest/doctest.h>

#include <cmath>
#include <deque>

#include "model/encoder.h"
#include "train/sample_training.h"
#include "train/trained_encoder.h"

namespace convbert {
namespace {

// An encoder of inference with the same numbers, which must outlive it.
class Inference {
 public:
  Inference(const ModelConfig& config, const Parameters& parameters) {
    EncoderWeights weights = encoder_layout(config);
    const auto bind = [&](StoredWeight& weight, const Values& values) {
      tensors_.push_back({DType::f32, weight.shape, row_major_strides(weight.shape),
                          std::as_bytes(std::span(values.floats))});
      weight.stored = &tensors_.back();
    };
    for_each_tensor(bind, weights, parameters.encoder);
    encoder_.emplace(config, weights);
  }

  nn::PaddedRows hidden(const Batch& batch, Workspace& workspace,
                        EncoderObserver* observer = nullptr) const {
    const ModelConfig& config = encoder_->config();
    const nn::PaddedRows hidden = nn::allocate_rows(workspace, batch.tokens(), config.hidden_size);
    encoder_->forward(batch, config.layers, hidden, workspace, observer);
    return hidden;
  }

 private:
  std::deque<StoredTensor> tensors_;
  std::optional<Encoder> encoder_;
};

constexpr ConvolutionKind kKinds[] = {ConvolutionKind::span, ConvolutionKind::dynamic,
                                      ConvolutionKind::lightweight};

TEST_CASE("hidden states are those of inference, with convolutions of every kind") {
  for (const ConvolutionKind kind : kKinds) {
    INFO(name_of(kind));
    const ModelConfig config = sample_config(kind);
    const Parameters parameters = sample_parameters(config, nullptr, 0);
    const Batch batch = sample_batch(config, 7).batch;
    TrainedEncoder trained(config, parameters.encoder, {}, nn::Precision::f32);
    trained.repack(parameters.encoder, 1);
    Workspace workspace;
    const KeptEncoding kept = trained.forward({batch, 0, 0, {}, workspace});
    const nn::PaddedRows expected = Inference(config, parameters).hidden(batch, workspace);
    double largest = 0;
    for (std::int64_t i = 0; i < batch.tokens() * config.hidden_size; ++i) {
      const double difference =
          std::abs(static_cast<double>(kept.hidden.data[i]) - expected.data[i]);
      if (!(difference <= largest)) largest = difference;
    }
    CHECK(largest < 2e-5);
  }
}

// Kernels of the first layer.
class KernelRecorder : public EncoderObserver {
 public:
  void on_kernels(std::int64_t layer, ConstMatrixView kernels) override {
    if (layer != 0) return;
    for (std::int64_t row = 0; row < kernels.rows; ++row) {
      rows.emplace_back(kernels.row_span(row).begin(), kernels.row_span(row).end());
    }
  }
  std::vector<std::vector<float>> rows;
};

TEST_CASE("kernels follow the span, the token, or nothing") {
  for (const ConvolutionKind kind : kKinds) {
    INFO(name_of(kind));
    const ModelConfig config = sample_config(kind);
    const Parameters parameters = sample_parameters(config, nullptr, 0);
    const Inference inference(config, parameters);
    const std::vector<std::int32_t> types(9);
    const auto kernels_of = [&](const std::vector<std::int32_t>& ids) {
      Batch batch;
      batch.append(ids, types);
      Workspace workspace;
      KernelRecorder recorder;
      inference.hidden(batch, workspace, &recorder);
      return recorder.rows;
    };
    const auto before = kernels_of({1, 2, 3, 4, 5, 6, 7, 8, 9});
    const auto after = kernels_of({1, 2, 3, 40, 5, 6, 7, 8, 9});
    CHECK((before[4] == after[4]) == (kind != ConvolutionKind::span));  // a neighbour
    CHECK(before[8] == after[8]);                                       // too far away
    CHECK((before[3] == after[3]) == (kind == ConvolutionKind::lightweight));
    CHECK((before[3] == before[4]) == (kind == ConvolutionKind::lightweight));
  }
}

}  // namespace
}  // namespace convbert
