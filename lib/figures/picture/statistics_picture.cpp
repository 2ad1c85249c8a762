#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "figures/labels.h"
#include "figures/picture/canvas.h"
#include "figures/picture/chart.h"
#include "figures/picture/picture.h"
#include "figures/picture/scale_bar.h"
#include "figures/picture/statistics_grid.h"
#include "figures/picture/statistics_view.h"
#include "figures/raster.h"

namespace convbert {
namespace {

constexpr double kMargin = 12;
constexpr double kPageWidth = 740;
constexpr double kPlotHeight = 150;
constexpr double kPanelTitle = 26;  // with the legend below it
constexpr double kBetweenPanels = 14;
constexpr double kModelTitle = 18;
constexpr double kBetweenLines = 12;
constexpr double kBetweenModels = 26;
constexpr double kPanelHeight = kPanelTitle + kPlotHeight + kChartBelow;
constexpr double kLeastPanel = 200;
constexpr double kLargestCell = 40;
constexpr double kLeastCell = 3;
constexpr double kLegendSize = 7;
constexpr double kLegendDash = 15;  // with the room before its name
constexpr double kLegendMark = 8;
constexpr double kBetweenNames = 6;

constexpr std::array<MapKind, 2> kKinds = {MapKind::attention, MapKind::kernel};

// Blue and vermilion, sky blue and orange of Okabe and Ito (2008), "Color universal design".
Rgb color_of_kind(MapKind kind, Theme theme) {
  if (theme == Theme::light) {
    return kind == MapKind::attention ? Rgb{0, 114, 178} : Rgb{213, 94, 0};
  }
  return kind == MapKind::attention ? Rgb{86, 180, 233} : Rgb{230, 159, 0};
}

Mark mark_of(MapKind kind) { return kind == MapKind::attention ? Mark::circle : Mark::diamond; }

// Of the first of many layers to that of the last; none so near the background as to be missed.
Rgb color_of_layer(std::size_t index, std::size_t count, Theme theme) {
  const double depth =
      count < 2 ? 0.5 : static_cast<double>(index) / static_cast<double>(count - 1);
  return color_table(theme)[static_cast<std::size_t>(std::lround(255 * (0.3 + 0.65 * depth)))];
}

std::string distance_title(MapKind kind) {
  return "Weight by distance, " + std::string(name_of(kind));
}

// "32 texts, 583 tokens": what the figures are of; "" where that is not known.
std::string size_of(const ModelView& model) {
  const HeadStatistics& head = *model.kinds.front().all.front();
  if (head.texts == 0) return "";
  const auto counted = [](std::int64_t count, const char* thing) {
    return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
  };
  return counted(head.texts, "text") + ", " + counted(head.rows, "token");
}

class StatisticsPicture {
 public:
  StatisticsPicture(std::span<const HeadStatistics> heads, const PictureStyle& style);
  std::string draw(PictureFormat format);

 private:
  // From the left edge of the page, and the top of the model's part of it.
  struct Places {
    std::vector<Box> panels;  // a kind of the model each, and entropy
    std::vector<Box> grids;   // a kind each
    CellSize cell;
    Box bar;
    double height = 0;
  };

  double legend_width() const;
  double least_width() const;
  CellSize cell_size(const ModelView& model) const;
  Places places_of(const ModelView& model) const;
  void find_ranges();
  void draw_distances(Canvas& canvas, const Box& box, const KindView& view) const;
  void draw_layer_legend(Canvas& canvas, Point right, const KindView& view) const;
  void draw_entropy(Canvas& canvas, const Box& box, const ModelView& model) const;
  void draw_heads(Canvas& canvas, const Chart& chart, const KindView& view, double left) const;
  void draw_model(Canvas& canvas, double y, const ModelView& model) const;

  const PictureStyle& style_;
  ThemeColors colors_;
  Typesetter typesetter_;
  std::vector<ModelView> models_;
  std::vector<MapKind> kinds_;  // that any model has
  double width_;
  double least_panel_ = 0;
  double longest_distance_ = 1;
  double least_weight_ = 1;
  double largest_weight_ = 0;
  double largest_entropy_ = 0;
};

StatisticsPicture::StatisticsPicture(std::span<const HeadStatistics> heads,
                                     const PictureStyle& style)
    : style_(style),
      colors_(theme_colors(style.theme)),
      models_(view_of(heads)),
      width_(style.width > 0 ? style.width : kPageWidth) {
  for (const MapKind kind : kKinds) {
    if (std::ranges::any_of(models_, [&](const ModelView& m) { return m.find(kind) != nullptr; })) {
      kinds_.push_back(kind);
    }
  }
  least_panel_ = std::max(kLeastPanel, kChartLeft + legend_width());
  for (const MapKind kind : kinds_) {
    const std::string title = distance_title(kind);
    least_panel_ = std::max(least_panel_, typesetter_.width_of({title, kPanelTitleSize, {}, true}));
  }
  check_width(style, least_width());
  find_ranges();
}

// Of the legend above entropies.
double StatisticsPicture::legend_width() const {
  double width = kLegendDash + typesetter_.width_of({"uniform", kLegendSize});
  for (const MapKind kind : kinds_) {
    width += kLegendMark + typesetter_.width_of({name_of(kind), kLegendSize}) + kBetweenNames;
  }
  return width;
}

double StatisticsPicture::least_width() const {
  double widest = least_panel_;
  for (const ModelView& model : models_) {
    for (const KindView& view : model.kinds) {
      const double cells = kLeastCell * static_cast<double>(view.heads.size());
      const std::string title = grid_title(view);
      widest = std::max({widest, kGridLeft + cells + kBetweenPanels + kScaleBarSpace,
                         typesetter_.width_of({title, kPanelTitleSize, {}, true})});
    }
  }
  return widest + 2 * kMargin;
}

// Axes are the same for all models and kinds.
void StatisticsPicture::find_ranges() {
  const std::size_t entropy = figure_named("entropy");
  const auto take = [&](const std::vector<double>& weights) {
    longest_distance_ = std::max(longest_distance_, static_cast<double>(weights.size()) - 1);
    for (const double weight : weights) {
      if (!(weight > 0) || !std::isfinite(weight)) continue;
      least_weight_ = std::min(least_weight_, weight);
      largest_weight_ = std::max(largest_weight_, weight);
    }
  };
  for (const ModelView& model : models_) {
    for (const KindView& view : model.kinds) {
      for (const std::int64_t layer : view.layers) take(view.by_distance(layer));
      take(view.by_distance_uniform());
      for (const HeadStatistics* head : view.all) {
        for (const double value : {head->figures[entropy].high, head->uniform[entropy]}) {
          if (std::isfinite(value)) largest_entropy_ = std::max(largest_entropy_, value);
        }
      }
    }
  }
  if (largest_weight_ <= 0) largest_weight_ = 1;
  const double decades = std::pow(10, -kDecades);
  least_weight_ = std::clamp(least_weight_, largest_weight_ * decades, largest_weight_ / 10);
}

void StatisticsPicture::draw_layer_legend(Canvas& canvas, Point right, const KindView& view) const {
  const std::size_t count = view.layers.size();
  const std::string first = "layer " + std::to_string(view.layers.front());
  const std::string last = count > 1 ? std::to_string(view.layers.back()) : first;
  const Text end{last, 7, colors_.faint_text};
  canvas.text(right, Align::right, end);
  const double swatch = std::clamp(48 / static_cast<double>(count), 0.5, 8.0);
  const double strip =
      right.x - typesetter_.width_of(end) - 3 - swatch * static_cast<double>(count);
  for (std::size_t i = 0; i < count; ++i) {
    canvas.fill({strip + swatch * static_cast<double>(i), right.y - 2.5, swatch, 5},
                color_of_layer(i, count, style_.theme));
  }
  if (count > 1) canvas.text({strip - 3, right.y}, Align::right, {first, 7, colors_.faint_text});
}

void StatisticsPicture::draw_distances(Canvas& canvas, const Box& box, const KindView& view) const {
  // Of longer texts no more is known.
  const bool is_cut = longest_distance_ + 1 >= static_cast<double>(kMostDistances);
  const std::string title =
      "distance, tokens" + (is_cut ? ", up to " + std::to_string(kMostDistances - 1) : "");
  Chart chart(canvas, box, distance_axis(longest_distance_, title),
              decade_axis(least_weight_, largest_weight_ * 1.3, "mean weight"), style_.theme);
  const auto curve_of = [](const std::vector<double>& weights) {
    std::vector<Point> curve;
    for (const double weight : weights) {
      curve.push_back({static_cast<double>(curve.size()), weight});
    }
    return curve;
  };
  for (std::size_t i = 0; i < view.layers.size(); ++i) {
    chart.curve(curve_of(view.by_distance(view.layers[i])),
                {color_of_layer(i, view.layers.size(), style_.theme), 1.1});
  }
  chart.curve(curve_of(view.by_distance_uniform()), {colors_.text, 0.8, true});
  chart.draw_axes();
  draw_layer_legend(canvas, {box.x + box.width, box.y - 8}, view);
  canvas.line(std::vector<Point>{{box.x, box.y - 8}, {box.x + 14, box.y - 8}},
              {colors_.text, 0.8, true});
  canvas.text({box.x + 17, box.y - 8}, Align::left, {"uniform", 7, colors_.faint_text});
}

// A mark a head, side by side within its layer, and the line of their means.
void StatisticsPicture::draw_heads(Canvas& canvas, const Chart& chart, const KindView& view,
                                   double left) const {
  const std::size_t entropy = figure_named("entropy");
  const Rgb color = color_of_kind(view.kind, style_.theme);
  const double room = 0.76 / static_cast<double>(kinds_.size());
  std::vector<Point> means;
  for (std::size_t i = 0; i < view.layers.size(); ++i) {
    const std::vector<const HeadStatistics*> heads = view.of_layer(view.layers[i]);
    for (std::size_t h = 0; h < heads.size(); ++h) {
      const Estimate& estimate = heads[h]->figures[entropy];
      if (!std::isfinite(estimate.mean)) continue;
      const double x = static_cast<double>(i) + left +
                       room * (static_cast<double>(h) + 0.5) / static_cast<double>(heads.size());
      canvas.line(std::vector<Point>{chart.at(x, estimate.low), chart.at(x, estimate.high)},
                  {color, 0.5});
      canvas.mark(chart.at(x, estimate.mean), mark_of(view.kind), 2.6, color);
    }
    const double mean = view.mean_of(view.layers[i], entropy);
    if (std::isfinite(mean)) {
      means.push_back(chart.at(static_cast<double>(i) + left + room / 2, mean));
    }
  }
  if (means.size() > 1) canvas.line(means, {color, 1.1});
}

void StatisticsPicture::draw_entropy(Canvas& canvas, const Box& box, const ModelView& model) const {
  const std::size_t entropy = figure_named("entropy");
  const std::vector<std::int64_t>& layers = model.kinds.front().layers;
  Chart chart(canvas, box, layer_axis(layers, box.width),
              linear_axis(largest_entropy_ * 1.05, "entropy, nats", 6), style_.theme);
  double left = -0.38;
  double legend = box.x;
  for (const KindView& view : model.kinds) {
    const Rgb color = color_of_kind(view.kind, style_.theme);
    const double uniform = view.all.front()->uniform[entropy];
    if (std::isfinite(uniform)) {
      canvas.line(std::vector<Point>{chart.at(-1, uniform), chart.at(1e9, uniform)},
                  {color, 0.8, true});
    }
    draw_heads(canvas, chart, view, left);
    left += 0.76 / static_cast<double>(kinds_.size());
    canvas.mark({legend + 3, box.y - 8}, mark_of(view.kind), 4, color);
    const Text name{name_of(view.kind), kLegendSize, colors_.faint_text};
    canvas.text({legend + kLegendMark, box.y - 8}, Align::left, name);
    legend += kLegendMark + typesetter_.width_of(name) + kBetweenNames;
  }
  canvas.line(std::vector<Point>{{legend, box.y - 8}, {legend + 12, box.y - 8}},
              {colors_.faint_text, 0.8, true});
  canvas.text({legend + kLegendDash, box.y - 8}, Align::left,
              {"uniform", kLegendSize, colors_.faint_text});
  chart.draw_axes();
}

CellSize StatisticsPicture::cell_size(const ModelView& model) const {
  std::size_t heads = 0;
  for (const KindView& view : model.kinds) heads = std::max(heads, view.heads.size());
  const double room = width_ - 2 * kMargin - kGridLeft - kScaleBarSpace - kBetweenPanels;
  const double both = (room - kGridLeft - kBetweenPanels) / 2;
  // Side by side where the text in a cell stays legible.
  const bool is_wide = model.kinds.size() < 2 || both < kTextCell * static_cast<double>(heads);
  const double cell =
      std::clamp((is_wide ? room : both) / static_cast<double>(heads), kLeastCell, kLargestCell);
  // Whole half points, which are whole pixels at 144 an inch.
  const auto half_points = [](double x) { return std::floor(x * 2) / 2; };
  return {half_points(cell),
          cell >= kTextCell ? 19 : half_points(std::clamp(cell * 0.8, kLeastCell, 13.0))};
}

// Panels side by side, as many as stay legible; grids below them, side by side if they fit.
StatisticsPicture::Places StatisticsPicture::places_of(const ModelView& model) const {
  Places places;
  const double width = width_ - 2 * kMargin;
  const auto panels = model.kinds.size() + 1;
  const auto in_line = std::clamp<std::size_t>(
      static_cast<std::size_t>((width + kBetweenPanels) / (least_panel_ + kBetweenPanels)), 1,
      kinds_.size() + 1);
  const double panel = (width + kBetweenPanels) / static_cast<double>(in_line) - kBetweenPanels;
  double y = model.name.empty() ? 0 : kModelTitle;
  for (std::size_t i = 0; i < panels; ++i) {
    if (i > 0 && i % in_line == 0) y += kPanelHeight + kBetweenLines;
    places.panels.push_back({kMargin + static_cast<double>(i % in_line) * (panel + kBetweenPanels),
                             y, panel, kPanelHeight});
  }
  y += kPanelHeight + kBetweenLines;
  double x = kMargin;
  double line_height = 0;
  places.cell = cell_size(model);
  for (const KindView& view : model.kinds) {
    const double title = typesetter_.width_of({grid_title(view), kPanelTitleSize, {}, true});
    const double grid = kGridLeft + places.cell.width * static_cast<double>(view.heads.size());
    const double height =
        kGridTop + std::max(places.cell.height * static_cast<double>(view.layers.size()), 44.0);
    if (x > kMargin && x + std::max(title, grid + kScaleBarSpace) > width_ - kMargin) {
      x = kMargin;
      y += line_height + kBetweenLines;
      line_height = 0;
    }
    places.grids.push_back({x, y, grid, height});
    places.bar = {x + grid + kBetweenPanels, y + kGridTop, kScaleBarWidth,
                  std::clamp(height - kGridTop, 40.0, 120.0)};
    line_height = std::max(line_height, height);
    x += std::ceil(std::max(title, grid) + kBetweenPanels);
  }
  places.height = y + line_height;
  return places;
}

void StatisticsPicture::draw_model(Canvas& canvas, double y, const ModelView& model) const {
  const Places places = places_of(model);
  const std::string name = visible_label(model.name);
  const std::string size = model.name.empty() ? "" : size_of(model);
  const Text note{size, kLegendSize, colors_.faint_text};
  const double taken = size.empty() ? 0 : typesetter_.width_of(note) + kBetweenPanels;
  canvas.text({kMargin, y + 5}, Align::left,
              {name, 10.5, colors_.text, true, width_ - 2 * kMargin - taken});
  canvas.text({width_ - kMargin, y + 5}, Align::right, note);
  const auto plot_in = [&](const Box& panel, std::string_view title) {
    canvas.text({panel.x, y + panel.y + 5}, Align::left,
                {title, kPanelTitleSize, colors_.text, true});
    return Box{panel.x + kChartLeft, y + panel.y + kPanelTitle, panel.width - kChartLeft,
               kPlotHeight};
  };
  for (std::size_t i = 0; i < model.kinds.size(); ++i) {
    const KindView& view = model.kinds[i];
    draw_distances(canvas, plot_in(places.panels[i], distance_title(view.kind)), view);
  }
  draw_entropy(canvas, plot_in(places.panels.back(), "Entropy of each head"), model);
  for (std::size_t i = 0; i < model.kinds.size(); ++i) {
    const Point corner{places.grids[i].x, y + places.grids[i].y};
    draw_grid(canvas, corner, places.cell, model.kinds[i], style_.theme);
  }
  Box bar = places.bar;
  bar.y += y;
  draw_scale_bar(canvas, bar, {"weight", 1, WeightScale::linear, style_.theme});
}

std::string StatisticsPicture::draw(PictureFormat format) {
  double height = 2 * kMargin - kBetweenModels;
  for (const ModelView& model : models_) height += places_of(model).height + kBetweenModels;
  Canvas canvas(typesetter_, format, {width_, height, style_.resolution}, colors_.background);
  double y = kMargin;
  for (const ModelView& model : models_) {
    draw_model(canvas, y, model);
    y += places_of(model).height + kBetweenModels;
  }
  return canvas.finish();
}

}  // namespace

std::string draw_statistics(std::span<const HeadStatistics> heads, const PictureStyle& style,
                            PictureFormat format) {
  if (heads.empty()) throw Error(ErrorKind::input, "there are no statistics to draw");
  check_style(style);
  return StatisticsPicture(heads, style).draw(format);
}

}  // namespace convbert
