#include "attention/maps.h"

#include <algorithm>

#include "core/tensor.h"

namespace convbert {
namespace {

std::span<float> row(std::vector<float>& values, std::int64_t index, std::int64_t width) {
  return std::span(values).subspan(static_cast<std::size_t>(index * width),
                                   static_cast<std::size_t>(width));
}

}  // namespace

AttentionMaps::AttentionMaps(std::int64_t layers_, std::int64_t heads_, std::int64_t length_,
                             std::int64_t kernel_)
    : layers(layers_),
      heads(heads_),
      length(length_),
      kernel(kernel_),
      attention(static_cast<std::size_t>(layers * heads * length * length)),
      kernels(static_cast<std::size_t>(layers * heads * length * kernel)) {}

std::span<float> AttentionMaps::attention_row(std::int64_t layer, std::int64_t head,
                                              std::int64_t query) {
  return row(attention, (layer * heads + head) * length + query, length);
}

std::span<float> AttentionMaps::kernel_row(std::int64_t layer, std::int64_t head,
                                           std::int64_t position) {
  return row(kernels, (layer * heads + head) * length + position, kernel);
}

bool AttentionMaps::all_finite() const {
  return convbert::all_finite(attention) && convbert::all_finite(kernels) &&
         convbert::all_finite(value_norms) && convbert::all_finite(kernel_value_norms);
}

AttentionMaps AttentionMaps::select(std::span<const std::int64_t> chosen_layers,
                                    std::span<const std::int64_t> chosen_heads) const {
  AttentionMaps chosen(static_cast<std::int64_t>(chosen_layers.size()),
                       static_cast<std::int64_t>(chosen_heads.size()), length, kernel);
  const auto copy = [&](const std::vector<float>& from, std::int64_t size,
                        std::vector<float>& into) {
    if (from.empty()) return;
    into.resize(static_cast<std::size_t>(chosen.layers * chosen.heads * size));
    float* to = into.data();
    for (const std::int64_t layer : chosen_layers) {
      for (const std::int64_t head : chosen_heads) {
        to = std::copy_n(from.data() + (layer * heads + head) * size, size, to);
      }
    }
  };
  copy(attention, length * length, chosen.attention);
  copy(kernels, length * kernel, chosen.kernels);
  copy(value_norms, length, chosen.value_norms);
  copy(kernel_value_norms, length, chosen.kernel_value_norms);
  return chosen;
}

}  // namespace convbert
