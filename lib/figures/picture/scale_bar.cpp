#include "figures/picture/scale_bar.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "figures/raster.h"
#include "figures/ticks.h"

namespace convbert {

void draw_scale_bar(Canvas& canvas, const Box& box, const ScaleBar& bar) {
  const ThemeColors colors = theme_colors(bar.theme);
  const ColorTable& table = color_table(bar.theme);
  const std::vector<Rgb> downwards(table.rbegin(), table.rend());
  const Box strip{box.x, box.y, kScaleBarWidth, box.height};
  canvas.shades(strip, downwards);
  canvas.frame(strip, {colors.line});
  canvas.text({box.x, box.y - 8}, Align::left, {bar.caption, 7, colors.faint_text});
  const bool is_linear = bar.scale == WeightScale::linear;
  const int most = std::clamp(static_cast<int>(box.height / 16), 2, 6);
  std::vector<double> ticks =
      is_linear ? linear_ticks(bar.largest, most)
                : decade_ticks(bar.largest * std::pow(10, -kDecades), bar.largest);
  // What is least on a logarithmic scale is drawn like nothing at all.
  const double lowest = is_linear ? 0 : bar.largest * std::pow(10, -kDecades) * 1.0001;
  for (const double tick : ticks) {
    const double place =
        bar.largest > 0 && tick > lowest ? place_on_scale(tick, bar.largest, bar.scale) : 0;
    const double y = box.y + box.height * (1 - place);
    const double right = box.x + kScaleBarWidth;
    canvas.line(std::vector<Point>{{right, y}, {right + 2, y}}, {colors.faint_text});
    const std::string number = (place == 0 && !is_linear ? "≤ " : "") + short_number(tick);
    canvas.text({right + 4, y}, Align::left, {number, 7, colors.faint_text});
  }
}

}  // namespace convbert
