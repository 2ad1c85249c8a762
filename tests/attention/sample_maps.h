// Maps for tests, the same numbers as a short NumPy program makes.
#pragma once

#include <cstdint>
#include <span>

#include "attention/maps.h"

namespace convbert {

inline constexpr std::int64_t kTokens = 6;

inline void fill_row(std::span<float> row, auto value_at) {
  float sum = 0;
  for (std::size_t j = 0; j < row.size(); ++j) sum += row[j] = value_at(static_cast<int>(j));
  for (float& value : row) value /= sum;
}

// 2 layers, 2 heads, 6 tokens, kernels of 3: any numbers, different in every row.
inline AttentionMaps sample_maps() {
  AttentionMaps maps(2, 2, kTokens, 3);
  for (int layer = 0; layer < 2; ++layer) {
    for (int head = 0; head < 2; ++head) {
      for (int i = 0; i < kTokens; ++i) {
        fill_row(maps.attention_row(layer, head, i), [&](int j) {
          return static_cast<float>((layer * 5 + head * 3 + i * 7 + j * j) % 11 + (j == 0 ? 1 : 0));
        });
        fill_row(maps.kernel_row(layer, head, i), [&](int j) {
          return static_cast<float>((layer + head * 2 + i * 5 + j * 3) % 7 + 1);
        });
      }
    }
  }
  return maps;
}

}  // namespace convbert
