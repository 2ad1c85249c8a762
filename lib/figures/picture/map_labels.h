// What stands around the maps of a set: titles, tokens or their numbers, offsets. Internal to the
// pictures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "attention/text_maps.h"
#include "figures/picture/canvas.h"
#include "figures/picture/map_layout.h"

namespace convbert {

// Refers to all that it is given.
class MapLabels {
 public:
  MapLabels(const TextMaps& maps, const MapSet& set, const std::vector<std::string>& labels,
            const MapLayout& layout, const Typesetter& typesetter)
      : maps_(maps), set_(set), labels_(labels), layout_(layout), typesetter_(typesetter) {}

  // Those of one map, which lies in `box`: rows are labelled beside the first map of a line,
  // columns above the first line.
  void draw(Canvas& canvas, std::int64_t index, const Box& box, const ThemeColors& colors) const;

 private:
  void draw_titles(Canvas& canvas, std::int64_t index, const Box& box,
                   const ThemeColors& colors) const;
  void draw_matrix_titles(Canvas& canvas, std::int64_t index, const Box& box,
                          const ThemeColors& colors) const;
  void draw_rows(Canvas& canvas, const Box& map, const ThemeColors& colors) const;
  void draw_columns(Canvas& canvas, const Box& box, const ThemeColors& colors) const;
  void draw_numbers(Canvas& canvas, const Box& box, bool is_row, const ThemeColors& colors) const;
  void draw_offsets(Canvas& canvas, const Box& box, const ThemeColors& colors) const;

  const TextMaps& maps_;
  const MapSet& set_;
  const std::vector<std::string>& labels_;
  const MapLayout& layout_;
  const Typesetter& typesetter_;
};

}  // namespace convbert
