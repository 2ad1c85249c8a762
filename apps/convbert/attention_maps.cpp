#include "attention_maps.h"

#include <algorithm>

#include "nn/compute.h"

namespace convbert::app {
namespace {

// Copies what is selected into the maps of each sequence while a batch runs.
class MapCollector : public EncoderObserver {
 public:
  MapCollector(const MapSelection& selection, const Batch& batch, const ModelConfig& config)
      : selection_(selection),
        batch_(batch),
        kernel_(config.convolution ? config.convolution->kernel_size : 0) {
    for (std::int64_t s = 0; s < batch.sequences(); ++s) {
      maps_.emplace_back(selection.layer_count(), selection.head_count(), batch.length(s), kernel_);
    }
  }

  std::vector<AttentionMaps> take() { return std::move(maps_); }

  void on_attention(std::int64_t layer, std::int64_t sequence,
                    const nn::AttentionView& view) override {
    for_each_selected(layer, [&](std::int64_t to_layer, std::int64_t to_head, std::int64_t head) {
      for (std::int64_t query = 0; query < view.length; ++query) {
        const float* from = view.data + (head * view.stride + query) * view.stride;
        std::copy_n(from, view.length,
                    maps(sequence).attention_row(to_layer, to_head, query).begin());
      }
    });
  }

  void on_kernels(std::int64_t layer, ConstMatrixView kernels) override {
    for_each_selected(layer, [&](std::int64_t to_layer, std::int64_t to_head, std::int64_t head) {
      for (std::int64_t s = 0; s < batch_.sequences(); ++s) {
        for (std::int64_t position = 0; position < batch_.length(s); ++position) {
          const float* from = kernels.row(batch_.start(s) + position) + head * kernel_;
          std::copy_n(from, kernel_, maps(s).kernel_row(to_layer, to_head, position).begin());
        }
      }
    });
  }

 private:
  AttentionMaps& maps(std::int64_t sequence) { return maps_[static_cast<std::size_t>(sequence)]; }

  template <class Visit>
  void for_each_selected(std::int64_t layer, Visit visit) const {
    const auto found = std::ranges::find(selection_.layers, layer);
    if (found == selection_.layers.end()) return;
    const std::int64_t to_layer = found - selection_.layers.begin();
    for (std::int64_t to_head = 0; to_head < selection_.head_count(); ++to_head) {
      visit(to_layer, to_head, selection_.heads[static_cast<std::size_t>(to_head)]);
    }
  }

  const MapSelection& selection_;
  const Batch& batch_;
  std::int64_t kernel_;
  std::vector<AttentionMaps> maps_;
};

}  // namespace

std::vector<AttentionMaps> compute_maps(const Encoder& encoder, const Batch& batch,
                                        const MapSelection& selection, Workspace& workspace) {
  const Workspace::Frame frame(workspace);
  MapCollector collector(selection, batch, encoder.config());
  const MatrixView hidden =
      nn::allocate_rows(workspace, batch.tokens(), encoder.config().hidden_size);
  const std::int64_t layers = selection.layers.empty() ? 0 : std::ranges::max(selection.layers) + 1;
  encoder.forward(batch, layers, hidden, workspace, &collector);
  return collector.take();
}

std::int64_t weight_of_maps(std::int64_t tokens) {
  return tokens * std::max<std::int64_t>(1, tokens / 64);
}

}  // namespace convbert::app
