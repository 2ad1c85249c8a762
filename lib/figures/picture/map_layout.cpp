#include "figures/picture/map_layout.h"

#include <algorithm>
#include <cmath>

namespace convbert {
namespace {

constexpr double kPageWidth = 720;  // that many maps share, if nobody asks for another
constexpr double kPageHeight = 960;
constexpr double kLargestMap = 520;  // a side
constexpr double kSmallestMap = 48;
constexpr double kLargestCell = 18;
constexpr double kSmallestLabel = 5.5;
constexpr double kLargestLabel = 8;
constexpr double kWidestLabel = 72;

double half_points_down(double x) { return std::floor(x * 2 + 1e-9) / 2; }
double half_points_up(double x) { return std::ceil(x * 2 - 1e-9) / 2; }

// The side of `count` cells that take at most `space`: in whole half points a cell if there is
// room for that.
double side_of(std::int64_t count, double space, double largest_cell) {
  const auto cells = static_cast<double>(count);
  const double cell = std::min(space / cells, largest_cell);
  return cell >= 0.5 ? half_points_down(cell) * cells : half_points_down(space);
}

void arrange(const MapSet& set, MapLayout& layout) {
  const auto layers = static_cast<std::int64_t>(set.layers.size());
  const std::int64_t heads = set.maps_per_layer();
  layout.is_matrix = layers > 1 && heads > 1;
  if (layout.is_matrix) {
    layout.rows = layers;
    layout.columns = heads;
    return;
  }
  // Wider than high, as pages are.
  const std::int64_t count = layers * heads;
  const double wide = set.is_band() ? 8 : 4;
  layout.columns =
      count <= static_cast<std::int64_t>(wide)
          ? count
          : static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(count) * wide / 3)));
  layout.rows = (count + layout.columns - 1) / layout.columns;
}

void size_band(const MapSet& set, double slot, MapLayout& layout) {
  layout.map_width = side_of(set.columns, slot, 14);
  layout.cell_width = layout.map_width / static_cast<double>(set.columns);
  const double tallest = std::max(kPageHeight / static_cast<double>(layout.rows), 2 * kSmallestMap);
  layout.map_height = side_of(set.rows, std::min(tallest, kLargestMap), layout.cell_width);
}

void size_square(const MapSet& set, double slot, MapLayout& layout) {
  const auto columns = static_cast<double>(set.columns);
  if (!set.outside.empty()) {
    layout.outside = std::clamp(half_points_down(slot / (columns + 2)), 3.0, kLargestCell);
    slot -= 2 * (layout.outside + kOutsideGap);
  }
  layout.map_width = side_of(set.columns, std::max(slot, 8.0), kLargestCell);
  layout.map_height = layout.map_width;
  if (!set.outside.empty()) {
    layout.outside = std::clamp(half_points_down(layout.map_width / columns), 3.0, 10.0);
  }
}

double widest_label(const std::vector<std::string>& labels, double size,
                    const Typesetter& typesetter) {
  double widest = 0;
  for (const std::string& label : labels) {
    widest = std::max(widest, typesetter.width_of({.content = label, .size = size}));
  }
  return std::min(widest, kWidestLabel);
}

// Chooses what stands beside rows and columns, and the room for it.
void size_labels(const TextMaps& maps, const MapSet& set, const std::vector<std::string>& labels,
                 const Typesetter& typesetter, MapLayout& layout) {
  layout.cell_width = layout.map_width / static_cast<double>(set.columns);
  layout.cell_height = layout.map_height / static_cast<double>(set.rows);
  const double rows_size = std::min(layout.cell_height * 0.85, kLargestLabel);
  layout.has_token_rows = rows_size >= kSmallestLabel;
  layout.has_token_columns = layout.has_token_rows && !set.is_band();
  layout.label_size = layout.has_token_rows ? rows_size : 6.5;
  const std::string last =
      std::to_string(maps.first + static_cast<std::int64_t>(labels.size()) - 1);
  const double numbers = typesetter.width_of({.content = last, .size = layout.label_size}) + 3;
  const double tokens =
      layout.has_token_rows ? widest_label(labels, layout.label_size, typesetter) + 2 : 0;
  const double row_titles = layout.is_matrix ? kSubtitleHeight : 0;
  const double rows = layout.has_token_rows ? tokens : numbers;
  layout.left = half_points_up(row_titles + rows + 3);
  const double columns = layout.has_token_columns ? tokens : 8;
  const bool has_column_titles = layout.is_matrix || layout.columns * layout.rows > 1;
  layout.line_title = has_column_titles && !layout.is_matrix ? kSubtitleHeight : 0;
  layout.top =
      half_points_up(kTitleHeight + (has_column_titles ? kSubtitleHeight : 0) + columns + 3);
  if (!set.outside.empty() && layout.has_token_columns) {
    const double names = typesetter.width_of({.content = "before", .size = layout.label_size});
    layout.top = std::max(layout.top, half_points_up(layout.top - columns + names + 2));
  }
}

}  // namespace

Box MapLayout::map(std::int64_t index) const {
  const auto row = static_cast<double>(index / columns);
  const auto column = static_cast<double>(index % columns);
  const double beside = outside > 0 ? outside + kOutsideGap : 0;
  return {left + beside + column * (map_width + 2 * beside + gap),
          top + row * (map_height + gap + line_title), map_width, map_height};
}

MapLayout lay_out(const TextMaps& maps, const MapSet& set, const std::vector<std::string>& labels,
                  double width, const Typesetter& typesetter) {
  MapLayout layout;
  arrange(set, layout);
  const auto columns = static_cast<double>(layout.columns);
  layout.gap = layout.columns > 6 ? 5 : 9;
  // How wide the labels are depends on how large they are, and that on the room they leave.
  double labels_width = 16;
  for (int round = 0; round < 3; ++round) {
    const double room =
        (width > 0 ? width : kPageWidth) - labels_width - (columns - 1) * layout.gap;
    double slot = std::max(room / columns, 8.0);
    if (width <= 0) {
      const double high = set.is_band() ? slot : kPageHeight / static_cast<double>(layout.rows);
      slot = std::clamp(std::min(slot, high), kSmallestMap, kLargestMap);
    }
    if (set.is_band()) {
      size_band(set, slot, layout);
    } else {
      size_square(set, slot, layout);
    }
    size_labels(maps, set, labels, typesetter, layout);
    labels_width = layout.left;
  }
  const Box last = layout.map(layout.columns - 1);
  const double beside = layout.outside > 0 ? layout.outside + kOutsideGap : 0;
  layout.width = last.x + last.width + beside;
  const Box lowest = layout.map(layout.rows * layout.columns - 1);
  layout.height = lowest.y + lowest.height;
  return layout;
}

}  // namespace convbert
