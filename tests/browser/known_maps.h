// Maps whose weights a test can say without reading them: known_weight(), also in viewer_test.py.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "attention/text_maps.h"

namespace convbert {

struct Heads {
  int layers;
  int heads;
};

inline const std::string kHostile = "</script><img src=x onerror=\"document.title='hacked'\">&\x01";

inline const std::vector<std::string> kShortLabels{
    "[CLS]", "con", "##vo", "##lution", "sees", "its", "neighbour", "##s", ".", "[SEP]"};

inline std::vector<std::string> numbered_labels(int count) {
  std::vector<std::string> labels{"[CLS]"};
  for (int i = 1; i + 1 < count; ++i) {
    labels.push_back(i % 5 == 4 ? "##s" + std::to_string(i) : "word" + std::to_string(i));
  }
  labels.push_back("[SEP]");
  return labels;
}

// From 0.001 to 0.997, different in every row.
inline float known_weight(int layer, int head, std::int64_t row, std::int64_t column) {
  const std::int64_t mixed = 7 * layer + 13 * head + 31 * row + 17 * column * column;
  return static_cast<float>(mixed % 997 + 1) / 1000.0F;
}

inline constexpr int kKnownKernel = 9;

inline void add_known_set(TextMaps& text, MapType type, Heads shape) {
  MapSet set;
  set.type = type;
  set.rows = static_cast<std::int64_t>(text.labels.size());
  set.columns = type == MapType::conv ? kKnownKernel : set.rows;
  const bool has_outside = type == MapType::conv_map || type == MapType::conv_norm;
  for (int layer = 0; layer < shape.layers; ++layer) set.layers.push_back(layer);
  if (info_of(type).is_of_heads) {
    for (int head = 0; head < shape.heads; ++head) set.heads.push_back(head);
  }
  for (int layer = 0; layer < shape.layers; ++layer) {
    for (int head = 0; head < set.maps_per_layer(); ++head) {
      for (std::int64_t i = 0; i < set.rows; ++i) {
        for (std::int64_t j = 0; j < set.columns; ++j) {
          set.values.push_back(known_weight(layer, head, i, j));
        }
        if (has_outside) set.outside.insert(set.outside.end(), {0.25F, 0.125F});
      }
    }
  }
  text.sets.push_back(set);
}

// "##", as in the labels above.
inline std::vector<std::size_t> continuations(const std::vector<std::string>& labels) {
  std::vector<std::size_t> bytes;
  for (const std::string& label : labels) bytes.push_back(label.starts_with("##") ? 2 : 0);
  return bytes;
}

inline TextMaps known_text(const std::string& id, const std::vector<std::string>& labels,
                           Heads shape) {
  TextMaps text{.id = id, .labels = labels, .continuation = continuations(labels), .sets = {}};
  add_known_set(text, MapType::attention, shape);
  add_known_set(text, MapType::conv, shape);
  add_known_set(text, MapType::conv_map, shape);
  return text;
}

}  // namespace convbert
