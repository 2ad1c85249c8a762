#include "figures/terminal/terminal_ink.h"

#include <algorithm>
#include <cmath>

namespace convbert {
namespace {

constexpr std::string_view kShades = " .:-=+*#%@";
constexpr std::string_view kUpperHalf = "\u2580";

std::size_t index_of(double place, std::size_t count) {
  return static_cast<std::size_t>(std::lround(place * static_cast<double>(count - 1)));
}

// Of the 256 colours of xterm: 16 to 231 are a cube of 6 levels a side, 232 to 255 greys.
int nearest_indexed(const Rgb& color) {
  constexpr std::array<int, 6> kLevels = {0, 95, 135, 175, 215, 255};
  const auto distance = [&](int red, int green, int blue) {
    const auto squared = [](int x) { return x * x; };
    return 3 * squared(red - color.red) + 6 * squared(green - color.green) +
           squared(blue - color.blue);
  };
  const auto nearest_level = [&](int value) {
    const auto nearer = [&](int a, int b) { return std::abs(a - value) < std::abs(b - value); };
    return static_cast<int>(std::ranges::min_element(kLevels, nearer) - kLevels.begin());
  };
  const int red = nearest_level(color.red);
  const int green = nearest_level(color.green);
  const int blue = nearest_level(color.blue);
  const auto level = [&](int index) { return kLevels[static_cast<std::size_t>(index)]; };
  int best = 16 + 36 * red + 6 * green + blue;
  int least = distance(level(red), level(green), level(blue));
  for (int grey = 0; grey < 24; ++grey) {
    const int value = 8 + 10 * grey;
    if (distance(value, value, value) >= least) continue;
    least = distance(value, value, value);
    best = 232 + grey;
  }
  return best;
}

std::string parameters_of(const Rgb& color, TerminalColors colors) {
  if (colors == TerminalColors::indexed) return "5;" + std::to_string(nearest_indexed(color));
  return "2;" + std::to_string(color.red) + ";" + std::to_string(color.green) + ";" +
         std::to_string(color.blue);
}

}  // namespace

TerminalInk::TerminalInk(const TerminalStyle& style) : style_(style) {
  if (!has_colors()) return;
  const ColorTable& table = color_table(style.theme);
  for (std::size_t i = 0; i < table.size(); ++i) colors_[i] = parameters_of(table[i], style.colors);
}

void TerminalInk::background(std::string& line, double place) const {
  line.append("\x1b[48;").append(colors_[index_of(place, colors_.size())]).append("m");
}

void TerminalInk::cell(std::string& line, double place, int count) const {
  const auto columns = static_cast<std::size_t>(count);
  if (has_colors()) {
    background(line, place);
    line.append(columns, ' ');
  } else {
    line.append(columns, kShades[index_of(place, kShades.size())]);
  }
}

void TerminalInk::beyond(std::string& line, double place, int count) const {
  if (has_colors()) {
    // Far from the cell's own colour, whichever that is.
    line.append("\x1b[38;").append(colors_[place < 0.4 ? 170 : 60]).append("m");
    background(line, place);
  }
  line.append(static_cast<std::size_t>(count), '/');
}

void TerminalInk::halves(std::string& line, double upper, double lower) const {
  line.append("\x1b[38;").append(colors_[index_of(upper, colors_.size())]).append("m");
  background(line, lower);
  line.append(kUpperHalf);
}

void TerminalInk::reset(std::string& line) const {
  if (has_colors()) line.append("\x1b[0m");
}

}  // namespace convbert
