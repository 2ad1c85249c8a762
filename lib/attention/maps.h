// Attention maps and convolution kernels of one text.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace convbert {

// Which layers and heads, by their numbers in the model from 0. Heads of the attention and of the
// convolution alike.
struct MapSelection {
  std::vector<std::int64_t> layers;
  std::vector<std::int64_t> heads;

  std::int64_t layer_count() const { return static_cast<std::int64_t>(layers.size()); }
  std::int64_t head_count() const { return static_cast<std::int64_t>(heads.size()); }
};

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
  // [layers, heads, length], or empty where not asked for: Euclidean norms of what each token's
  // value adds to the layer's output if it is read with weight one, ||(x W_V + b_V) W_O|| over the
  // head's rows of W_O (Kobayashi et al. 2020, equation 5).
  std::vector<float> value_norms;
  std::vector<float> kernel_value_norms;  // of the convolution's heads and their values

  AttentionMaps(std::int64_t layers, std::int64_t heads, std::int64_t length, std::int64_t kernel);

  std::span<float> attention_row(std::int64_t layer, std::int64_t head, std::int64_t query);
  std::span<float> kernel_row(std::int64_t layer, std::int64_t head, std::int64_t position);

  // Whether there is no NaN and no infinity in any of them.
  bool all_finite() const;
};

}  // namespace convbert
