// A plot with axes. Internal to the pictures.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "figures/picture/canvas.h"

namespace convbert {

struct AxisTick {
  double at;  // in the axis' own numbers
  std::string label;
};

struct Axis {
  // Of a distance: its logarithm with 1 added, so that 0 has a place and what is near has room.
  enum class Kind { linear, logarithmic, distance };

  Kind kind = Kind::linear;
  double low = 0;
  double high = 1;
  std::string_view title;
  std::vector<AxisTick> ticks;

  double place(double value) const;  // from 0 at low to 1 at high
};

// Of entropies and the like, from 0; of weights, in decades; of numbers of tokens; of layers.
Axis linear_axis(double high, std::string_view title, int most_ticks);
Axis decade_axis(double low, double high, std::string_view title);
Axis distance_axis(double high, std::string_view title);
Axis layer_axis(std::span<const std::int64_t> layers, double points);

class Chart {
 public:
  // box: of the plot itself; numbers and titles stand to the left of it and below.
  Chart(Canvas& canvas, const Box& box, Axis x, Axis y, Theme theme);

  Point at(double x, double y) const;  // kept inside the plot
  void draw_axes();
  // Broken where y is not a number that the axis has.
  void curve(std::span<const Point> values, const Stroke& stroke);

 private:
  Canvas& canvas_;
  Box box_;
  Axis x_;
  Axis y_;
  ThemeColors colors_;
};

inline constexpr double kChartLeft = 40;  // room that numbers and titles take
inline constexpr double kChartBelow = 26;

}  // namespace convbert
