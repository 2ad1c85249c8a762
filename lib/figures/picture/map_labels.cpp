#include "figures/picture/map_labels.h"

#include <algorithm>

#include "figures/ticks.h"

namespace convbert {
namespace {

std::string number(std::int64_t value) { return std::to_string(value); }

}  // namespace

void MapLabels::draw(Canvas& canvas, std::int64_t index, const Box& box,
                     const ThemeColors& colors) const {
  draw_titles(canvas, index, box, colors);
  if (index % layout_.columns == 0) draw_rows(canvas, box, colors);
  if (index < layout_.columns) draw_columns(canvas, box, colors);
}

void MapLabels::draw_titles(Canvas& canvas, std::int64_t index, const Box& box,
                            const ThemeColors& colors) const {
  const std::int64_t heads = set_.maps_per_layer();
  const std::string layer = "layer " + number(set_.layers[static_cast<std::size_t>(index / heads)]);
  const std::string head =
      set_.heads.empty() ? ""
                         : "head " + number(set_.heads[static_cast<std::size_t>(index % heads)]);
  const double center = box.x + box.width / 2;
  const bool is_narrow = box.width < typesetter_.width_of({.content = head, .size = 8});
  if (layout_.is_matrix) {
    const std::string above = is_narrow ? head.substr(5) : head;
    const double y = box.y - layout_.top + kTitleHeight + kSubtitleHeight / 2;
    if (index < layout_.columns) canvas.text({center, y}, Align::center, {above, 8, colors.text});
    if (index % layout_.columns == 0) {
      canvas.turned_text({box.x - (layout_.map(0).x - kSubtitleHeight / 2), box.y + box.height / 2},
                         Align::center, {layer, 8, colors.text});
    }
  } else if (set_.maps() > 1) {
    const bool is_first_line = index < layout_.columns;
    const double y = is_first_line ? box.y - layout_.top + kTitleHeight + kSubtitleHeight / 2
                                   : box.y - kSubtitleHeight / 2 - 1;
    canvas.text({center, y}, Align::center,
                {set_.layers.size() > 1 ? layer : head, 8, colors.text});
  }
}

// Numbers of tokens, as many as there is room for, with ticks.
void MapLabels::draw_numbers(Canvas& canvas, const Box& box, bool is_row,
                             const ThemeColors& colors) const {
  const std::int64_t count = is_row ? set_.rows : set_.columns;
  const double side = is_row ? box.height : box.width;
  const double cell = side / static_cast<double>(count);
  const std::string last = number(maps_.first + count - 1);
  const double width = typesetter_.width_of({.content = last, .size = 6.5});
  const std::int64_t step = round_step((is_row ? 14 : width + 8) / cell);
  for (std::int64_t token = (maps_.first + step - 1) / step * step; token < maps_.first + count;
       token += step) {
    const double middle = (static_cast<double>(token - maps_.first) + 0.5) * cell;
    const std::string label = number(token);
    const Text text{label, 6.5, colors.faint_text};
    const double x = box.x + (is_row ? 0 : middle);
    const double y = box.y + (is_row ? middle : 0);
    const Point end{x - (is_row ? 2.5 : 0), y - (is_row ? 0 : 2.5)};
    canvas.line(std::vector<Point>{{x, y}, end}, {colors.faint_text, 0.4});
    if (is_row) {
      canvas.text({end.x - 1.5, y}, Align::right, text);
    } else {
      canvas.text({x, end.y - 4}, Align::center, text);
    }
  }
}

void MapLabels::draw_rows(Canvas& canvas, const Box& map, const ThemeColors& colors) const {
  Box box = map;
  if (layout_.outside > 0) box.x -= layout_.outside + kOutsideGap;
  if (!layout_.has_token_rows) return draw_numbers(canvas, box, true, colors);
  for (std::size_t row = 0; row < labels_.size(); ++row) {
    const double y = box.y + (static_cast<double>(row) + 0.5) * layout_.cell_height;
    const double widest = layout_.left - 3 - (layout_.is_matrix ? kSubtitleHeight : 0);
    canvas.text({box.x - 3, y}, Align::right,
                {labels_[row], layout_.label_size, colors.text, false, widest});
  }
}

void MapLabels::draw_columns(Canvas& canvas, const Box& box, const ThemeColors& colors) const {
  if (set_.is_band()) return draw_offsets(canvas, box, colors);
  if (!layout_.has_token_columns) return draw_numbers(canvas, box, false, colors);
  const bool has_titles = set_.maps() > 1;
  const double tallest = layout_.top - kTitleHeight - (has_titles ? kSubtitleHeight : 0) - 3;
  const auto draw = [&](double x, std::string_view label, Rgb color) {
    canvas.turned_text({x, box.y - 3}, Align::left,
                       {label, layout_.label_size, color, false, tallest});
  };
  for (std::size_t column = 0; column < labels_.size(); ++column) {
    draw(box.x + (static_cast<double>(column) + 0.5) * layout_.cell_width, labels_[column],
         colors.text);
  }
  if (layout_.outside > 0) {
    const double beside = kOutsideGap + layout_.outside / 2;
    draw(box.x - beside, "before", colors.faint_text);
    draw(box.x + box.width + beside, "behind", colors.faint_text);
  }
}

void MapLabels::draw_offsets(Canvas& canvas, const Box& box, const ThemeColors& colors) const {
  const std::int64_t half = set_.columns / 2;
  const double cell = layout_.cell_width;
  // All where there is room, else every other, else the ends and the middle.
  const std::int64_t step = cell >= 12 ? 1 : cell >= 6 && half % 2 == 0 ? 2 : half;
  for (std::int64_t offset = -half; offset <= half; offset += std::max<std::int64_t>(step, 1)) {
    const std::string label = offset < 0   ? "\u2212" + number(-offset)
                              : offset > 0 ? "+" + number(offset)
                                           : "0";
    // The ends must not meet those of the maps beside it.
    const bool is_inside = step < half || offset == 0;
    const double middle = (static_cast<double>(offset + half) + 0.5) * cell;
    const double x = is_inside ? middle : offset < 0 ? 0 : box.width;
    const Align align = is_inside ? Align::center : offset < 0 ? Align::left : Align::right;
    canvas.text({box.x + x, box.y - 6}, align, {label, 6.5, colors.faint_text});
  }
}

}  // namespace convbert
