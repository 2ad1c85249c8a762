#include "figures/picture/map_layout.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "core/error.h"

namespace convbert {
namespace {

constexpr double kPageWidth = 720;  // that many maps share, if nobody asks for another
constexpr double kPageHeight = 960;
constexpr double kLargestMap = 520;  // a side, if nobody asks for a width; a band's height
constexpr double kSmallestMap = 48;
constexpr double kLargestCell = 18;
constexpr double kLargestBandCell = 14;
constexpr double kLeastMap = 10;  // a side, whatever the width
constexpr double kLeastOutside = 3;
constexpr double kLargestOutside = 10;
constexpr double kSmallestLabel = 5.5;
constexpr double kLargestLabel = 8;
constexpr double kWidestLabel = 72;
constexpr double kBetweenTitles = 4;

double half_points_down(double x) { return std::floor(x * 2 + 1e-9) / 2; }
double half_points_up(double x) { return std::ceil(x * 2 - 1e-9) / 2; }

// The side of `count` cells that take at most `space`: in whole half points a cell if there is
// room for that.
double side_of(std::int64_t count, double space, double largest_cell) {
  const auto cells = static_cast<double>(count);
  const double cell = std::min(space / cells, largest_cell);
  return cell >= 0.5 ? half_points_down(cell) * cells : half_points_down(cell * cells);
}

// The side of `count` cells that are to take `space`: in whole half points a cell only where that
// leaves little of it.
double filling_side(std::int64_t count, double space, double least) {
  const double even = side_of(count, space, space);
  return even >= std::max(space * 7 / 8, least) ? even : half_points_down(space);
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

// Lays out one set.
class MapArrangement {
 public:
  MapArrangement(const TextMaps& maps, const MapSet& set, const std::vector<std::string>& labels,
                 double width, const Typesetter& typesetter);

  // With the largest labels of tokens that the rows have room for, else with numbers.
  MapLayout layout() const;

 private:
  // size: of tokens' labels; 0: numbers.
  MapLayout with_labels(double size) const;
  void size_left(MapLayout& layout) const;
  double slot_of(MapLayout& layout) const;
  double least_slot(double gap) const;
  void size_band(double slot, MapLayout& layout) const;
  void size_square(double slot, MapLayout& layout) const;
  void choose_titles(MapLayout& layout) const;
  void size_top(MapLayout& layout) const;

  double width_of(std::string_view label, double size) const {
    return typesetter_.width_of({.content = label, .size = size});
  }

  const MapSet& set_;
  double width_;
  const Typesetter& typesetter_;
  MapLayout grid_;
  // The widest of each; setting text takes longer than all else here.
  double token_ = 0;  // at one point
  double token_number_ = 0;
  double head_ = 0;  // "head 11"
  double head_number_ = 0;
  double layer_ = 0;
  double layer_number_ = 0;
  double word_ = 0;  // "head" and "layer"
  double least_map_ = kLeastMap;
};

MapArrangement::MapArrangement(const TextMaps& maps, const MapSet& set,
                               const std::vector<std::string>& labels, double width,
                               const Typesetter& typesetter)
    : set_(set), width_(width), typesetter_(typesetter) {
  arrange(set, grid_);
  double widest = 0;
  for (const std::string& label : labels) widest = std::max(widest, width_of(label, kLargestLabel));
  token_ = widest / kLargestLabel;
  token_number_ = width_of(std::to_string(maps.first + std::ssize(labels) - 1), kNumberSize);
  const auto largest = [](const std::vector<std::int64_t>& numbers) {
    return numbers.empty() ? "" : std::to_string(std::ranges::max(numbers));
  };
  head_number_ = width_of(largest(set.heads), kSubtitleSize);
  layer_number_ = width_of(largest(set.layers), kSubtitleSize);
  head_ = width_of("head " + largest(set.heads), kSubtitleSize);
  layer_ = width_of("layer " + largest(set.layers), kSubtitleSize);
  word_ = std::max(width_of("head", kSubtitleSize), width_of("layer", kSubtitleSize));
  if (set.is_band()) {
    const std::int64_t half = set.columns / 2;
    const double ends =
        width_of(offset_label(-half), kNumberSize) + width_of(offset_label(half), kNumberSize);
    least_map_ = std::max(least_map_, half_points_up(ends + 2));
  }
}

MapLayout MapArrangement::layout() const {
  for (double size = kLargestLabel; size >= kSmallestLabel; size -= 0.5) {
    const MapLayout layout = with_labels(size);
    const bool fits = width_ <= 0 || layout.width <= width_;
    if (fits && layout.cell_height * 0.85 >= size) return layout;
  }
  return with_labels(0);
}

MapLayout MapArrangement::with_labels(double size) const {
  MapLayout layout = grid_;
  layout.has_token_rows = size > 0;
  layout.has_token_columns = layout.has_token_rows && !set_.is_band();
  layout.label_size = layout.has_token_rows ? size : kNumberSize;
  size_left(layout);
  const double slot = slot_of(layout);
  if (set_.is_band()) {
    size_band(slot, layout);
  } else {
    size_square(slot, layout);
  }
  layout.cell_width = layout.map_width / static_cast<double>(set_.columns);
  layout.cell_height = layout.map_height / static_cast<double>(set_.rows);
  choose_titles(layout);
  size_top(layout);
  const Box last = layout.map(layout.columns - 1);
  layout.width = last.x + last.width + (layout.outside > 0 ? layout.outside + kOutsideGap : 0);
  const Box lowest = layout.map(layout.rows * layout.columns - 1);
  layout.height = lowest.y + lowest.height;
  return layout;
}

void MapArrangement::size_left(MapLayout& layout) const {
  const double tokens = layout.has_token_rows
                            ? std::min(token_ * layout.label_size, kWidestLabel) + 2
                            : token_number_ + 3;
  layout.left = tokens + 3;
  if (layout.is_matrix) {
    layout.row_title = std::max(kSubtitleHeight, layer_number_ + 3);
    layout.left = std::max(layout.row_title + layout.left, word_ + 5);
  }
  layout.left = half_points_up(layout.left);
}

// What a map may take of the width, with what lies outside the text. Maps of one line go on in the
// next where they would be too narrow for their titles.
double MapArrangement::slot_of(MapLayout& layout) const {
  double slot = 0;
  double least = 0;
  while (true) {
    const auto columns = static_cast<double>(layout.columns);
    layout.rows = (set_.maps() + layout.columns - 1) / layout.columns;
    layout.gap = layout.columns > 6 ? 5 : 9;
    least = least_slot(layout.gap);
    const double between = (columns - 1) * layout.gap;
    slot = ((width_ > 0 ? width_ : kPageWidth) - layout.left - between) / columns;
    if (slot >= least || layout.is_matrix || layout.columns == 1) break;
    --layout.columns;
  }
  if (width_ <= 0) {
    const double high = set_.is_band() ? slot : kPageHeight / static_cast<double>(layout.rows);
    slot = std::clamp(std::min(slot, high), kSmallestMap, kLargestMap);
  }
  return std::max(slot, least);
}

double MapArrangement::least_slot(double gap) const {
  const bool is_matrix = grid_.is_matrix;
  const double title = set_.maps() == 1         ? 0
                       : is_matrix              ? head_number_
                       : set_.layers.size() > 1 ? layer_
                                                : head_;
  const double outside = set_.outside.empty() ? 0 : 2 * (kLeastOutside + kOutsideGap);
  return half_points_up(std::max(least_map_ + outside, title + kBetweenTitles - gap));
}

void MapArrangement::size_band(double slot, MapLayout& layout) const {
  layout.map_width = width_ > 0 ? filling_side(set_.columns, slot, least_map_)
                                : side_of(set_.columns, slot, kLargestBandCell);
  const double cell = layout.map_width / static_cast<double>(set_.columns);
  const double tallest = std::max(kPageHeight / static_cast<double>(layout.rows), 2 * kSmallestMap);
  layout.map_height = side_of(set_.rows, std::min(tallest, kLargestMap), std::max(cell, 1.0));
  layout.map_height = std::max(layout.map_height, kLeastMap);
}

void MapArrangement::size_square(double slot, MapLayout& layout) const {
  const auto columns = static_cast<double>(set_.columns);
  const auto outside_of = [](double cell) {
    return std::clamp(half_points_down(cell), kLeastOutside, kLargestOutside);
  };
  if (!set_.outside.empty()) slot -= 2 * (outside_of(slot / (columns + 2)) + kOutsideGap);
  layout.map_width = width_ > 0 ? filling_side(set_.columns, slot, kLeastMap)
                                : side_of(set_.columns, slot, kLargestCell);
  layout.map_height = layout.map_width;
  if (!set_.outside.empty()) layout.outside = outside_of(layout.map_width / columns);
}

void MapArrangement::choose_titles(MapLayout& layout) const {
  if (!layout.is_matrix) return;
  const double across = layout.map(1).x - layout.map(0).x;
  const double down = layout.map(layout.columns).y - layout.map(0).y;
  layout.numbers_heads = head_ + kBetweenTitles > across;
  layout.numbers_layers = layer_ + kBetweenTitles > down;
}

void MapArrangement::size_top(MapLayout& layout) const {
  double labels = 8;
  if (layout.has_token_columns) {
    labels = std::min(token_ * layout.label_size, kWidestLabel) + 2;
    if (!set_.outside.empty()) {
      labels = std::max(labels, width_of("before", layout.label_size) + 2);
    }
  }
  const bool has_titles = set_.maps() > 1;
  layout.line_title = has_titles && !layout.is_matrix ? kSubtitleHeight : 0;
  layout.top = half_points_up(kTitleHeight + (has_titles ? kSubtitleHeight : 0) + labels + 3);
}

}  // namespace

std::string offset_label(std::int64_t offset) {
  if (offset == 0) return "0";
  return offset < 0 ? concat("\u2212", -offset) : concat("+", offset);
}

Box MapLayout::map(std::int64_t index) const {
  const auto row = static_cast<double>(index / columns);
  const auto column = static_cast<double>(index % columns);
  const double beside = outside > 0 ? outside + kOutsideGap : 0;
  return {left + beside + column * (map_width + 2 * beside + gap),
          top + row * (map_height + gap + line_title), map_width, map_height};
}

MapLayout lay_out(const TextMaps& maps, const MapSet& set, const std::vector<std::string>& labels,
                  double width, const Typesetter& typesetter) {
  return MapArrangement(maps, set, labels, width, typesetter).layout();
}

}  // namespace convbert
