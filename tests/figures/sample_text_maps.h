// Sets of maps as pictures take them, for tests.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "attention/text_maps.h"

namespace convbert {

// `value_at(map, row, column)`.
MapSet map_set(MapType type, std::vector<std::int64_t> layers, std::vector<std::int64_t> heads,
               std::int64_t rows, std::int64_t columns, auto value_at) {
  MapSet set;
  set.type = type;
  set.layers = std::move(layers);
  set.heads = std::move(heads);
  set.rows = rows;
  set.columns = columns;
  for (std::int64_t map = 0; map < set.maps(); ++map) {
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t column = 0; column < columns; ++column) {
        set.values.push_back(static_cast<float>(value_at(map, row, column)));
      }
    }
  }
  return set;
}

inline TextMaps text_maps(std::vector<std::string> labels, std::vector<MapSet> sets) {
  TextMaps maps;
  maps.labels = std::move(labels);
  maps.sets = std::move(sets);
  return maps;
}

inline std::vector<std::string> numbered_labels(std::int64_t count) {
  std::vector<std::string> labels;
  for (std::int64_t i = 0; i < count; ++i) labels.push_back("t" + std::to_string(i));
  return labels;
}

// One of each form: squares with and without what is outside, bands, whole layers.
inline TextMaps sample_text_maps() {
  constexpr std::int64_t kCount = 6;
  const auto near = [](std::int64_t map, std::int64_t row, std::int64_t column) {
    const std::int64_t distance = row > column ? row - column : column - row;
    return 0.5 / static_cast<double>(1 + distance * (map + 1));
  };
  MapSet conv = map_set(MapType::conv_map, {0}, {0, 1}, kCount, kCount, near);
  for (std::int64_t i = 0; i < conv.maps() * kCount * 2; ++i) {
    conv.outside.push_back(static_cast<float>(i % 4) * 0.1F);
  }
  return text_maps(
      numbered_labels(kCount),
      {map_set(MapType::attention, {0, 2}, {0, 1, 3}, kCount, kCount, near),
       map_set(MapType::conv, {0, 2}, {0, 1}, kCount, 5,
               [](std::int64_t map, std::int64_t row, std::int64_t column) {
                 return static_cast<double>((map + row * 2 + column * 3) % 7) / 7;
               }),
       std::move(conv), map_set(MapType::rollout, {0, 1, 2}, {}, kCount, kCount, near)});
}

}  // namespace convbert
