#include "figures/picture/statistics_grid.h"

#include <algorithm>
#include <cmath>

#include "figures/raster.h"

namespace convbert {
namespace {

// "0.70"
std::string in_hundredths(double share) {
  const auto hundredths = static_cast<int>(std::lround(std::clamp(share, 0.0, 9.0) * 100));
  const std::string digits = std::to_string(hundredths % 100);
  return std::to_string(hundredths / 100) + (digits.size() < 2 ? ".0" : ".") + digits;
}

Rgb color_of_window(const HeadStatistics& head, Theme theme) {
  const double window = head.figures[figure_named("window")].mean;
  return color_of(window, 1, WeightScale::linear, color_table(theme));
}

// What the head does and how much, where there is room.
void write_in_cell(Canvas& canvas, const Box& box, const HeadStatistics& head, Theme theme) {
  const double window = head.figures[figure_named("window")].mean;
  if (box.width < 15 || !std::isfinite(window)) return;
  const Rgb ink = ink_on(color_of_window(head, theme));
  const std::string number = in_hundredths(window);
  const Point middle{box.x + box.width / 2, box.y + box.height / 2};
  if (box.width < kTextCell) return canvas.text(middle, Align::center, {number, 5.5, ink});
  Figures means;
  for (std::size_t i = 0; i < kFigures; ++i) means[i] = head.figures[i].mean;
  canvas.text({middle.x, middle.y - 4}, Align::center,
              {pattern_of(means, head.uniform), 6, ink, false, box.width - 1});
  canvas.text({middle.x, middle.y + 4}, Align::center, {number, 6, ink});
}

}  // namespace

std::string_view name_of(MapKind kind) {
  return kind == MapKind::attention ? "self-attention" : "convolution kernels";
}

std::string grid_title(const KindView& view) {
  const std::int64_t window = view.all.front()->window;
  return "Weight within " + std::to_string(window) + (window == 1 ? " token, " : " tokens, ") +
         std::string(name_of(view.kind));
}

void draw_grid(Canvas& canvas, Point corner, const CellSize& size, const KindView& view,
               Theme theme) {
  const ThemeColors colors = theme_colors(theme);
  canvas.text({corner.x, corner.y + 5}, Align::left,
              {grid_title(view), kPanelTitleSize, colors.text, true});
  const Box grid{corner.x + kGridLeft, corner.y + kGridTop,
                 size.width * static_cast<double>(view.heads.size()),
                 size.height * static_cast<double>(view.layers.size())};
  const std::size_t columns = view.heads.size();
  const auto place_in = [](const std::vector<std::int64_t>& all, std::int64_t value) {
    return static_cast<std::size_t>(std::ranges::lower_bound(all, value) - all.begin());
  };
  std::vector<Rgb> cells(view.layers.size() * columns, colors.background);
  for (const HeadStatistics* head : view.all) {
    cells[place_in(view.layers, head->layer) * columns + place_in(view.heads, head->head)] =
        color_of_window(*head, theme);
  }
  canvas.cells(grid, static_cast<std::int64_t>(view.layers.size()),
               static_cast<std::int64_t>(columns), cells);
  for (const HeadStatistics* head : view.all) {
    const auto row = static_cast<double>(place_in(view.layers, head->layer));
    const auto column = static_cast<double>(place_in(view.heads, head->head));
    write_in_cell(
        canvas, {grid.x + size.width * column, grid.y + size.height * row, size.width, size.height},
        *head, theme);
  }
  canvas.frame(grid, {colors.line});
  const auto label = [&](std::size_t i, std::int64_t value, bool is_row) {
    const double middle = (static_cast<double>(i) + 0.5) * (is_row ? size.height : size.width);
    const std::string number = std::to_string(value);
    const Text text{number, 7, colors.faint_text};
    if (is_row) {
      canvas.text({grid.x - 4, grid.y + middle}, Align::right, text);
    } else {
      canvas.text({grid.x + middle, grid.y - 6}, Align::center, text);
    }
  };
  const auto step = [](double cell, double least) {
    return cell < least ? std::size_t{4} : std::size_t{1};
  };
  for (std::size_t i = 0; i < view.layers.size(); i += step(size.height, 9)) {
    label(i, view.layers[i], true);
  }
  for (std::size_t i = 0; i < view.heads.size(); i += step(size.width, 11)) {
    label(i, view.heads[i], false);
  }
  canvas.text({grid.x + grid.width / 2, grid.y - 15}, Align::center, {"head", 7.5, colors.text});
  canvas.turned_text({corner.x + 10, grid.y + grid.height / 2}, Align::center,
                     {"layer", 7.5, colors.text});
}

}  // namespace convbert
