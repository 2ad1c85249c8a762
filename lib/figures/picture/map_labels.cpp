#include "figures/picture/map_labels.h"

#include <algorithm>

#include "core/error.h"
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
  if (layout_.is_matrix) return draw_matrix_titles(canvas, index, box, colors);
  if (set_.maps() == 1) return;
  const bool is_of_layers = set_.layers.size() > 1;
  const std::string title =
      concat(is_of_layers ? "layer " : "head ",
             (is_of_layers ? set_.layers : set_.heads)[static_cast<std::size_t>(index)]);
  const bool is_first_line = index < layout_.columns;
  const double y = is_first_line ? box.y - layout_.top + kTitleHeight + kSubtitleHeight / 2
                                 : box.y - kSubtitleHeight / 2 - 1;
  canvas.text({box.x + box.width / 2, y}, Align::center, {title, kSubtitleSize, colors.text});
}

void MapLabels::draw_matrix_titles(Canvas& canvas, std::int64_t index, const Box& box,
                                   const ThemeColors& colors) const {
  const double left = box.x - layout_.map(index).x;
  const double head_line = box.y - layout_.top + kTitleHeight + kSubtitleHeight / 2;
  const auto show = [&](Point at, Align align, std::string_view title) {
    canvas.text(at, align, {title, kSubtitleSize, colors.text});
  };
  if (index < layout_.columns) {
    const std::string head = number(set_.heads[static_cast<std::size_t>(index)]);
    show({box.x + box.width / 2, head_line}, Align::center,
         layout_.numbers_heads ? head : "head " + head);
  }
  if (index % layout_.columns == 0) {
    const std::string layer =
        number(set_.layers[static_cast<std::size_t>(index / layout_.columns)]);
    const Point middle{left + layout_.row_title / 2, box.y + box.height / 2};
    if (layout_.numbers_layers) {
      show(middle, Align::center, layer);
    } else {
      const std::string title = "layer " + layer;
      canvas.turned_text(middle, Align::center, {title, kSubtitleSize, colors.text});
    }
  }
  if (index > 0) return;
  if (layout_.numbers_heads) show({left, head_line}, Align::left, "head");
  if (layout_.numbers_layers) show({left, box.y - 8.5}, Align::left, "layer");
}

// Numbers of tokens, as many as there is room for, with ticks.
void MapLabels::draw_numbers(Canvas& canvas, const Box& box, bool is_row,
                             const ThemeColors& colors) const {
  const std::int64_t count = is_row ? set_.rows : set_.columns;
  const double side = is_row ? box.height : box.width;
  const double cell = side / static_cast<double>(count);
  const std::string last = number(maps_.first + count - 1);
  const double width = typesetter_.width_of({.content = last, .size = kNumberSize});
  const std::int64_t step = round_step((is_row ? 14 : width + 8) / cell);
  for (std::int64_t token = (maps_.first + step - 1) / step * step; token < maps_.first + count;
       token += step) {
    const double middle = (static_cast<double>(token - maps_.first) + 0.5) * cell;
    const std::string label = number(token);
    const Text text{label, kNumberSize, colors.faint_text};
    const double x = box.x + (is_row ? 0 : middle);
    const double y = box.y + (is_row ? middle : 0);
    const Point end{x - (is_row ? 2.5 : 0), y - (is_row ? 0 : 2.5)};
    canvas.line(std::vector<Point>{{x, y}, end}, {colors.faint_text, 0.4});
    if (is_row) {
      canvas.text({end.x - 1.5, y}, Align::right, text);
    } else {
      // Kept from the numbers of the maps beside it.
      const double half = typesetter_.width_of(text) / 2 - layout_.gap / 2 + 0.5;
      if (2 * half > box.width) continue;
      canvas.text({std::clamp(x, box.x + half, box.x + box.width - half), end.y - 4}, Align::center,
                  text);
    }
  }
}

void MapLabels::draw_rows(Canvas& canvas, const Box& map, const ThemeColors& colors) const {
  Box box = map;
  if (layout_.outside > 0) box.x -= layout_.outside + kOutsideGap;
  if (!layout_.has_token_rows) return draw_numbers(canvas, box, true, colors);
  for (std::size_t row = 0; row < labels_.size(); ++row) {
    const double y = box.y + (static_cast<double>(row) + 0.5) * layout_.cell_height;
    const double widest = layout_.left - 3 - layout_.row_title;
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
  const double room = typesetter_.width_of({offset_label(half), kNumberSize}) + 2;
  // All where there is room, else every other, else the ends and the middle.
  const std::int64_t step = cell >= room ? 1 : 2 * cell >= room && half % 2 == 0 ? 2 : half;
  const bool has_middle = box.width >= 3 * room;
  for (std::int64_t offset = -half; offset <= half; offset += std::max<std::int64_t>(step, 1)) {
    if (offset == 0 && half > 0 && !has_middle) continue;
    const std::string label = offset_label(offset);
    // The ends must not meet those of the maps beside it.
    const bool is_inside = step < half || offset == 0;
    const double middle = (static_cast<double>(offset + half) + 0.5) * cell;
    const double x = is_inside ? middle : offset < 0 ? 0 : box.width;
    const Align align = is_inside ? Align::center : offset < 0 ? Align::left : Align::right;
    canvas.text({box.x + x, box.y - 6}, align, {label, kNumberSize, colors.faint_text});
  }
}

}  // namespace convbert
