#include "api/collect_maps.h"

#include <algorithm>

#include "model/value_norms.h"
#include "nn/compute.h"

namespace convbert {
namespace {

// Copies what is selected into the maps of each sequence while a batch runs.
class MapCollector : public EncoderObserver {
 public:
  MapCollector(const MapTask& task, const Batch& batch, const ModelConfig& config,
               Workspace& workspace)
      : selection_(task.selection),
        with_norms_(task.with_norms),
        batch_(batch),
        workspace_(workspace),
        kernel_(config.convolution ? config.convolution->kernel_size : 0),
        head_size_(config.head_size) {
    for (std::int64_t s = 0; s < batch.sequences(); ++s) {
      maps_.emplace_back(selection_.layer_count(), selection_.head_count(), batch.length(s),
                         kernel_);
    }
  }

  void on_values(std::int64_t layer, const LayerValues& values) override {
    if (!with_norms_) return;
    collect_norms(layer, {values.attention, head_size_, 0}, values.output,
                  &AttentionMaps::value_norms);
    if (values.convolution.rows == 0) return;
    collect_norms(layer, {values.convolution, head_size_, values.attention.columns}, values.output,
                  &AttentionMaps::kernel_value_norms);
  }

  std::vector<AttentionMaps> take() { return std::move(maps_); }

  bool wants_attention(std::int64_t layer) const override {
    return std::ranges::find(selection_.layers, layer) != selection_.layers.end();
  }
  void on_attention(std::int64_t layer, std::int64_t sequence,
                    const nn::AttentionView& view) override {
    for_each_selected(layer, [&](std::int64_t to_layer, std::int64_t to_head, std::int64_t head) {
      for (std::int64_t query = 0; query < view.length; ++query) {
        const float* from = view.data + (head * view.length + query) * view.length;
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
  // value_norms() is [heads, tokens of the batch]; a text's are [layers, heads, its tokens].
  void collect_norms(std::int64_t layer, const HeadValues& heads, const nn::Linear& output,
                     std::vector<float> AttentionMaps::*norms) {
    if (std::ranges::find(selection_.layers, layer) == selection_.layers.end()) return;
    const std::vector<float> all = value_norms(heads, output, workspace_);
    for_each_selected(layer, [&](std::int64_t to_layer, std::int64_t to_head, std::int64_t head) {
      for (std::int64_t s = 0; s < batch_.sequences(); ++s) {
        const std::int64_t n = batch_.length(s);
        std::vector<float>& to = maps(s).*norms;
        to.resize(static_cast<std::size_t>(selection_.layer_count() * selection_.head_count() * n));
        std::copy_n(all.begin() + head * batch_.tokens() + batch_.start(s), n,
                    to.begin() + (to_layer * selection_.head_count() + to_head) * n);
      }
    });
  }

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
  bool with_norms_;
  const Batch& batch_;
  Workspace& workspace_;
  std::int64_t kernel_;
  std::int64_t head_size_;
  std::vector<AttentionMaps> maps_;
};

}  // namespace

std::vector<AttentionMaps> compute_maps(const Encoder& encoder, const Batch& batch,
                                        const MapTask& task, Workspace& workspace) {
  const Workspace::Frame frame(workspace);
  MapCollector collector(task, batch, encoder.config(), workspace);
  const nn::PaddedRows hidden =
      nn::allocate_rows(workspace, batch.tokens(), encoder.config().hidden_size);
  const std::vector<std::int64_t>& chosen = task.selection.layers;
  const std::int64_t layers = chosen.empty() ? 0 : std::ranges::max(chosen) + 1;
  encoder.forward(batch, layers, hidden, workspace, &collector);
  return collector.take();
}

std::vector<TokenText> tokens_of(const Tokenizer& tokenizer, const Encoding& encoding) {
  std::vector<TokenText> tokens;
  for (std::string& text : tokenizer.tokens(encoding)) {
    const std::size_t continuation = tokenizer.continuation_of(text);
    tokens.push_back({std::move(text), continuation});
  }
  return tokens;
}

std::int64_t weight_of_maps(std::int64_t tokens) {
  return tokens * std::max<std::int64_t>(1, tokens / 64);
}

}  // namespace convbert
