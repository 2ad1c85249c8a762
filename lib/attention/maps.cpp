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

}  // namespace convbert
