// The colours of a picture and the weights that they stand for.
#pragma once

#include <string_view>

#include "figures/picture/canvas.h"

namespace convbert {

struct ScaleBar {
  std::string_view caption;  // above it
  double largest = 0;
  WeightScale scale = WeightScale::linear;
  Theme theme = Theme::light;
};

inline constexpr double kScaleBarWidth = 8;
inline constexpr double kScaleBarSpace = 36;  // with its numbers
inline constexpr double kLeastScaleBar = 40;  // its height
inline constexpr double kLargestScaleBar = 144;

// Upright, from box.x and of height box.height; its numbers stand to the right of it.
void draw_scale_bar(Canvas& canvas, const Box& box, const ScaleBar& bar);

}  // namespace convbert
