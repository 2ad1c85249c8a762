// Statistics of corpora that never were, for tests of their figures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "attention/statistics.h"

namespace convbert {

// 3 layers, 2 heads, attention and kernels, of each model.
inline std::vector<HeadStatistics> sample_statistics(const std::vector<std::string>& models) {
  std::vector<HeadStatistics> heads;
  for (const std::string& model : models) {
    for (const MapKind kind : {MapKind::attention, MapKind::kernel}) {
      for (std::int64_t i = 0; i < 6; ++i) {
        HeadStatistics& head = heads.emplace_back();
        head.model = model;
        head.layer = i / 2;
        head.head = i % 2;
        head.kind = kind;
        head.rows = 100;
        head.window = 4;
        const bool is_kernel = kind == MapKind::kernel;
        const double share = static_cast<double>(i + 1) / (is_kernel ? 7 : 12);
        for (Estimate& estimate : head.figures) estimate = {share, share * 0.9, share * 1.1};
        head.figures[0] = {1 + share, 0.9 + share, 1.1 + share};
        head.uniform.fill(0.2);
        head.uniform[0] = is_kernel ? 1.6 : 2.9;
        double weight = 0.4;
        for (int distance = 0; distance < (is_kernel ? 3 : 20); ++distance) {
          head.by_distance.push_back(weight);
          head.by_distance_uniform.push_back(0.05);
          weight *= 0.5 + 0.3 * share;
        }
      }
    }
  }
  return heads;
}

}  // namespace convbert
