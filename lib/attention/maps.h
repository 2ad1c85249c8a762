// Attention maps and convolution kernels of one text.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace convbert {

// All row-major. Layers and heads are those that were asked for, in that order.
struct AttentionMaps {
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t length = 0;  // tokens
  std::int64_t kernel = 0;  // taps of a convolution kernel; 0 for a model without

  // [layers, heads, length, length]: what the query in the third dimension gives each token.
  std::vector<float> attention;
  // [layers, heads, length, kernel]: the weights of each position's window, from kernel / 2 tokens
  // before it to as many behind it, taps beyond the ends of the text included.
  std::vector<float> kernels;

  AttentionMaps(std::int64_t layers, std::int64_t heads, std::int64_t length, std::int64_t kernel);

  std::span<float> attention_row(std::int64_t layer, std::int64_t head, std::int64_t query);
  std::span<float> kernel_row(std::int64_t layer, std::int64_t head, std::int64_t position);

  // Those of some layers and heads, given by their place in these maps.
  AttentionMaps select(std::span<const std::int64_t> chosen_layers,
                       std::span<const std::int64_t> chosen_heads) const;
};

}  // namespace convbert
