#include "figures/picture/chart.h"

#include <algorithm>
#include <cmath>

#include "figures/raster.h"
#include "figures/ticks.h"

namespace convbert {
namespace {

constexpr double kTickSize = 7;

double bent(Axis::Kind kind, double value) {
  switch (kind) {
    case Axis::Kind::logarithmic: return std::log10(value);
    case Axis::Kind::distance: return std::log2(1 + value);
    default: return value;
  }
}

}  // namespace

double Axis::place(double value) const {
  const double from = bent(kind, low);
  const double to = bent(kind, high);
  return to > from ? (bent(kind, value) - from) / (to - from) : 0;
}

Axis linear_axis(double high, std::string_view title, int most_ticks) {
  Axis axis{Axis::Kind::linear, 0, high > 0 ? high : 1, title, {}};
  for (const double tick : linear_ticks(axis.high, most_ticks)) {
    axis.ticks.push_back({tick, short_number(tick)});
  }
  return axis;
}

Axis decade_axis(double low, double high, std::string_view title) {
  Axis axis{Axis::Kind::logarithmic, low, high, title, {}};
  for (const double tick : decade_ticks(low, high)) {
    axis.ticks.push_back({tick, short_number(tick)});
  }
  return axis;
}

Axis distance_axis(double high, std::string_view title) {
  Axis axis{Axis::Kind::distance, 0, std::max(high, 1.0), title, {{0, "0"}}};
  for (std::int64_t tick = 1; static_cast<double>(tick) <= axis.high; tick *= 2) {
    axis.ticks.push_back({static_cast<double>(tick), std::to_string(tick)});
  }
  return axis;
}

Axis layer_axis(std::span<const std::int64_t> layers, double points) {
  const auto count = static_cast<double>(layers.size());
  Axis axis{Axis::Kind::linear, -0.5, count - 0.5, "layer", {}};
  const auto step = static_cast<std::size_t>(round_step(14 * count / points));
  for (std::size_t i = 0; i < layers.size(); i += step) {
    axis.ticks.push_back({static_cast<double>(i), std::to_string(layers[i])});
  }
  return axis;
}

Chart::Chart(Canvas& canvas, const Box& box, Axis x, Axis y, Theme theme)
    : canvas_(canvas),
      box_(box),
      x_(std::move(x)),
      y_(std::move(y)),
      colors_(theme_colors(theme)) {}

Point Chart::at(double x, double y) const {
  return {box_.x + box_.width * std::clamp(x_.place(x), 0.0, 1.0),
          box_.y + box_.height * (1 - std::clamp(y_.place(y), 0.0, 1.0))};
}

void Chart::draw_axes() {
  canvas_.frame(box_, {colors_.line});
  const double bottom = box_.y + box_.height;
  for (const AxisTick& tick : x_.ticks) {
    const double x = at(tick.at, y_.low).x;
    canvas_.line(std::vector<Point>{{x, bottom}, {x, bottom + 2.5}}, {colors_.faint_text});
    canvas_.text({x, bottom + 8}, Align::center, {tick.label, kTickSize, colors_.faint_text});
  }
  for (const AxisTick& tick : y_.ticks) {
    const double y = at(x_.low, tick.at).y;
    canvas_.line(std::vector<Point>{{box_.x - 2.5, y}, {box_.x, y}}, {colors_.faint_text});
    canvas_.text({box_.x - 4, y}, Align::right, {tick.label, kTickSize, colors_.faint_text});
  }
  canvas_.text({box_.x + box_.width / 2, bottom + 19}, Align::center,
               {x_.title, 7.5, colors_.text});
  canvas_.turned_text({box_.x - kChartLeft + 6, box_.y + box_.height / 2}, Align::center,
                      {y_.title, 7.5, colors_.text});
}

void Chart::curve(std::span<const Point> values, const Stroke& stroke) {
  std::vector<Point> piece;
  const auto flush = [&] {
    if (piece.size() == 1) canvas_.mark(piece[0], Mark::circle, 2, stroke.color);
    if (piece.size() > 1) canvas_.line(piece, stroke);
    piece.clear();
  };
  for (const Point& value : values) {
    const double place = y_.place(value.y);
    if (std::isfinite(place) && place >= 0) {
      piece.push_back(at(value.x, value.y));
    } else {
      flush();
    }
  }
  flush();
}

}  // namespace convbert
