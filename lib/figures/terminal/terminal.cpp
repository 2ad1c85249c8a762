#include "figures/terminal/terminal.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "figures/labels.h"
#include "figures/raster.h"
#include "figures/terminal/terminal_ink.h"
#include "figures/ticks.h"

namespace convbert {
namespace {

constexpr std::int64_t kLeastWidth = 44;
constexpr int kWidestLabel = 16;
constexpr std::int64_t kBetweenMaps = 2;

std::string number(std::int64_t value) { return std::to_string(value); }

std::string in_ascii(std::string_view label) {
  std::string ascii;
  for (const char c : label) {
    if (static_cast<unsigned char>(c) < 0x80) {
      ascii += c;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ascii += '?';
    }
  }
  return ascii;
}

std::string padded(std::string text, std::int64_t columns) {
  const std::int64_t missing = columns - terminal_columns(text);
  return text.append(static_cast<std::size_t>(std::max<std::int64_t>(missing, 0)), ' ');
}

std::string right_aligned(const std::string& text, std::int64_t columns) {
  const auto missing = columns - static_cast<std::int64_t>(text.size());
  return std::string(static_cast<std::size_t>(std::max<std::int64_t>(missing, 0)), ' ') + text;
}

// How the maps of a set become lines.
struct Grid {
  std::int64_t rows;     // of cells
  std::int64_t columns;  // of cells
  int cell_width;        // characters
  int cells_a_line;      // 2: halves
  std::int64_t width;    // characters of one map, with what is outside
  std::int64_t maps;     // side by side
};

class TerminalMaps {
 public:
  TerminalMaps(const TextMaps& maps, const TerminalStyle& style);
  std::string draw();

 private:
  std::string shown_label(std::string_view label, std::int64_t columns) const;
  Grid arrange(const MapSet& set) const;
  void draw_set(const MapSet& set);
  // Maps first to first + count side by side.
  void draw_maps(const MapSet& set, const Grid& grid, std::int64_t first, std::int64_t count);
  std::string title_of(const MapSet& set, std::int64_t index, std::int64_t width) const;
  std::string header_of(const MapSet& set, const Grid& grid) const;
  std::string row_label(const MapSet& set, const Grid& grid, std::int64_t line) const;
  // Of a band map: does all that a cell stands for lie beyond the ends of the text?
  bool is_beyond(const MapSet& set, const Grid& grid, std::int64_t row, std::int64_t column) const;
  void draw_line(std::string& to, const MapSet& set, const Grid& grid, const Raster& map,
                 const Raster& outside, std::int64_t line) const;
  void draw_legend(const MapSet& set, const Grid& grid);
  void add_line(std::string line);

  const TextMaps& maps_;
  TerminalStyle style_;
  TerminalInk ink_;
  std::vector<std::string> labels_;
  std::int64_t number_width_;
  std::int64_t label_width_;  // with the number and spaces
  double largest_ = 0;        // of the set that is drawn
  std::string text_;
};

TerminalMaps::TerminalMaps(const TextMaps& maps, const TerminalStyle& style)
    : maps_(maps), style_(style), ink_(style) {
  style_.width = std::max(style.width, kLeastWidth);
  int widest = 0;
  for (const std::string& label : maps.labels) {
    std::string shown = shown_label(label, std::min<std::int64_t>(kWidestLabel, style_.width / 4));
    widest = std::max(widest, terminal_columns(shown));
    labels_.push_back(std::move(shown));
  }
  const auto last = maps.first + static_cast<std::int64_t>(labels_.size()) - 1;
  number_width_ = static_cast<std::int64_t>(number(last).size());
  label_width_ = number_width_ + 1 + widest + 1;
}

std::string TerminalMaps::shown_label(std::string_view label, std::int64_t columns) const {
  std::string shown = visible_label(label);
  if (!style_.unicode) shown = in_ascii(shown);
  return cut_label(shown, static_cast<int>(columns), style_.unicode ? "\u2026" : "~");
}

void TerminalMaps::add_line(std::string line) {
  // No spaces at the end: they do nothing but wrap.
  line.erase(line.find_last_not_of(' ') + 1);
  text_.append(line).append("\n");
}

Grid TerminalMaps::arrange(const MapSet& set) const {
  const std::int64_t beside = set.outside.empty() ? 0 : 2 * 3;
  const std::int64_t room = std::max<std::int64_t>(style_.width - label_width_ - beside, 8);
  Grid grid{set.rows, set.columns, 2, 1, 0, 1};
  if (2 * set.columns > room || set.rows > 2 * style_.width) {
    grid.columns = std::min(set.columns, set.is_band() ? room / 2 : room);
    grid.rows = std::min(set.rows, 2 * style_.width);
    if (!set.is_band()) {
      grid.cell_width = 1;
      grid.rows = grid.columns;
    }
    // A character is about twice as high as wide.
    if (ink_.has_halves() && !set.is_band()) grid.cells_a_line = 2;
    if (!ink_.has_halves() && !set.is_band()) grid.rows = (grid.columns + 1) / 2;
  }
  grid.width = grid.columns * grid.cell_width + beside;
  grid.maps = std::clamp<std::int64_t>(
      (style_.width - label_width_ + kBetweenMaps) / (grid.width + kBetweenMaps), 1,
      set.maps_per_layer() > 1 ? set.maps_per_layer() : set.maps());
  return grid;
}

std::string TerminalMaps::title_of(const MapSet& set, std::int64_t index,
                                   std::int64_t width) const {
  const std::string layer =
      number(set.layers[static_cast<std::size_t>(index / set.maps_per_layer())]);
  std::string title = "layer " + layer;
  std::string brief = "L" + layer;
  if (!set.heads.empty()) {
    const std::string head =
        number(set.heads[static_cast<std::size_t>(index % set.maps_per_layer())]);
    title += " head " + head;
    brief += " H" + head;
  }
  return static_cast<std::int64_t>(title.size()) <= width ? title : brief;
}

// Numbers of tokens, or offsets, above the columns; each begins where its column does.
std::string TerminalMaps::header_of(const MapSet& set, const Grid& grid) const {
  std::string header = set.outside.empty() ? "" : right_aligned("<", 2) + " ";
  const std::size_t start = header.size();
  const double tokens_a_column =
      static_cast<double>(set.columns) / static_cast<double>(grid.columns * grid.cell_width);
  const auto put = [&](std::int64_t token, const std::string& text) {
    const auto at = start + static_cast<std::size_t>(static_cast<double>(token) / tokens_a_column);
    if (at < header.size() ||
        at + text.size() > start + static_cast<std::size_t>(grid.columns * grid.cell_width)) {
      return;
    }
    header.resize(at, ' ');
    header += text;
  };
  if (set.is_band()) {
    const std::int64_t half = set.columns / 2;
    for (std::int64_t offset = -half; offset <= half; ++offset) {
      if (offset > -100 && offset < 100) put(offset + half, right_aligned(number(offset), 2));
    }
  } else {
    const std::int64_t step = round_step(static_cast<double>(number_width_ + 1) * tokens_a_column);
    for (std::int64_t token = (maps_.first + step - 1) / step * step;
         token < maps_.first + set.columns; token += step) {
      put(token - maps_.first, number(token));
    }
  }
  if (!set.outside.empty()) {
    header.resize(start + static_cast<std::size_t>(grid.columns * grid.cell_width), ' ');
    header += " >";
  }
  return header;
}

std::string TerminalMaps::row_label(const MapSet& set, const Grid& grid, std::int64_t line) const {
  const std::int64_t token = line * grid.cells_a_line * set.rows / grid.rows;
  return padded(right_aligned(number(maps_.first + token), number_width_) + " " +
                    labels_[static_cast<std::size_t>(token)],
                label_width_);
}

bool TerminalMaps::is_beyond(const MapSet& set, const Grid& grid, std::int64_t row,
                             std::int64_t column) const {
  return set.is_band() && !TextEnds(maps_, set)
                               .are_in(reach_of(row, grid.rows, set.rows),
                                       reach_of(column, grid.columns, set.columns));
}

void TerminalMaps::draw_line(std::string& to, const MapSet& set, const Grid& grid,
                             const Raster& map, const Raster& outside, std::int64_t line) const {
  const auto place = [&](const Raster& of, std::int64_t row, std::int64_t column) {
    if (row >= of.rows) return 0.0;
    const float value = of.values[static_cast<std::size_t>(row * of.columns + column)];
    return place_on_scale(static_cast<double>(value), largest_, style_.scale);
  };
  const std::int64_t row = line * grid.cells_a_line;
  const auto cell = [&](const Raster& of, std::int64_t column, int width) {
    if (grid.cells_a_line == 2 && width == 1) {
      ink_.halves(to, place(of, row, column), place(of, row + 1, column));
    } else {
      ink_.cell(to, place(of, row, column), width);
    }
  };
  const auto outer = [&](std::int64_t side) {
    if (outside.values.empty()) return;
    if (side == 1) to += ' ';
    if (grid.cells_a_line == 2) {
      cell(outside, side, 1);
      cell(outside, side, 1);
    } else {
      cell(outside, side, 2);
    }
    ink_.reset(to);
    if (side == 0) to += ' ';
  };
  outer(0);
  for (std::int64_t column = 0; column < map.columns; ++column) {
    if (is_beyond(set, grid, row, column)) {
      ink_.beyond(to, place(map, row, column), grid.cell_width);
    } else {
      cell(map, column, grid.cell_width);
    }
  }
  ink_.reset(to);
  outer(1);
}

void TerminalMaps::draw_maps(const MapSet& set, const Grid& grid, std::int64_t first,
                             std::int64_t count) {
  const std::string margin(static_cast<std::size_t>(label_width_), ' ');
  const std::string between(static_cast<std::size_t>(kBetweenMaps), ' ');
  std::string titles = margin;
  std::string headers = margin;
  std::vector<Raster> rasters;
  std::vector<Raster> outside;
  for (std::int64_t index = first; index < first + count; ++index) {
    titles += padded(title_of(set, index, grid.width), grid.width) + between;
    headers += padded(header_of(set, grid), grid.width) + between;
    rasters.push_back(pool_largest(set.map(index), set.rows, set.columns, grid.rows, grid.columns));
    outside.push_back(set.outside.empty()
                          ? Raster{}
                          : pool_largest(set.outside_of(index), set.rows, 2, grid.rows, 2));
  }
  add_line(titles);
  add_line(headers);
  const std::int64_t lines = (grid.rows + grid.cells_a_line - 1) / grid.cells_a_line;
  for (std::int64_t line = 0; line < lines; ++line) {
    std::string text = row_label(set, grid, line);
    for (std::size_t map = 0; map < rasters.size(); ++map) {
      if (map > 0) text += between;
      draw_line(text, set, grid, rasters[map], outside[map], line);
    }
    add_line(std::move(text));
  }
}

void TerminalMaps::draw_legend(const MapSet& set, const Grid& grid) {
  constexpr int kSteps = 12;
  const bool is_linear = style_.scale == WeightScale::linear;
  std::string legend = is_linear ? "0 "
                                 : (style_.unicode ? "\u2264" : "<=") +
                                       short_number(largest_ * std::pow(10, -kDecades)) + " ";
  for (int step = 0; step < kSteps; ++step) {
    ink_.cell(legend, static_cast<double>(step) / (kSteps - 1), 1);
  }
  ink_.reset(legend);
  legend += " " + short_number(largest_) + " " + std::string(unit_of(set.type));
  if (!is_linear) legend += ", log";
  add_line(std::move(legend));
  if (is_beyond(set, grid, 0, 0) || is_beyond(set, grid, grid.rows - 1, grid.columns - 1)) {
    add_line("// beyond the ends of the text");
  }
  if (!set.outside.empty()) add_line("< > before and behind the text");
  if (grid.rows < set.rows || grid.columns < set.columns) {
    add_line(
        "a cell: the largest of " +
        short_number(std::ceil(static_cast<double>(set.rows) / static_cast<double>(grid.rows))) +
        " x " +
        short_number(
            std::ceil(static_cast<double>(set.columns) / static_cast<double>(grid.columns))) +
        " weights");
  }
}

void TerminalMaps::draw_set(const MapSet& set) {
  largest_ = largest_weight(set);
  add_line(std::string(info_of(set.type).title));
  const Grid grid = arrange(set);
  // Layers begin lines of their own.
  const std::int64_t a_layer = set.maps_per_layer();
  const std::int64_t group = a_layer > 1 ? a_layer : set.maps();
  for (std::int64_t from = 0; from < set.maps(); from += group) {
    for (std::int64_t index = from; index < from + group; index += grid.maps) {
      draw_maps(set, grid, index, std::min(grid.maps, from + group - index));
    }
  }
  draw_legend(set, grid);
}

std::string TerminalMaps::draw() {
  if (style_.names_text) add_line(shown_label(maps_.id, style_.width));
  for (const MapSet& set : maps_.sets) {
    if (&set != &maps_.sets.front()) text_ += '\n';
    draw_set(set);
  }
  return std::move(text_);
}

}  // namespace

std::string draw_terminal(const TextMaps& maps, const TerminalStyle& style) {
  check_maps(maps);
  return TerminalMaps(maps, style).draw();
}

}  // namespace convbert
