// Colours for weights: perceptually uniform, and in order for every eye.
//
// A table is a curve through the OKLab space (Ottosson 2020) whose lightness falls (light) or rises
// (dark) without a turn, walked at constant speed. As lightness alone tells the order, it holds
// without colour vision and in grey print.
#pragma once

#include <array>
#include <cstdint>

namespace convbert {

enum class Theme { light, dark };

struct Rgb {  // sRGB
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;

  friend bool operator==(const Rgb&, const Rgb&) = default;
};

using ColorTable = std::array<Rgb, 256>;

// From nothing, which is the theme's background, to the largest weight.
const ColorTable& color_table(Theme theme);

// Of the theme's pages and pictures.
struct ThemeColors {
  Rgb background;
  Rgb text;
  Rgb faint_text;  // ticks, notes
  Rgb line;        // frames
};
ThemeColors theme_colors(Theme theme);

// (L1 + 0.05) / (L2 + 0.05) of the lighter's and the darker's relative luminance (WCAG 2.2), 1
// to 21.
double contrast_ratio(const Rgb& one, const Rgb& other);

// Of text on a cell of that colour: black or white, whichever has the larger contrast. That is 4.5
// or more on any colour, which WCAG asks of text.
Rgb ink_on(const Rgb& ground);

// Where a weight lies between nothing (0) and the largest (1).
enum class WeightScale { linear, logarithmic };
// Logarithmic: four decades below `largest`; what is less counts as nothing.
inline constexpr double kDecades = 4;
double place_on_scale(double weight, double largest, WeightScale scale);

}  // namespace convbert
