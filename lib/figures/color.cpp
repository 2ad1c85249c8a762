#include "figures/color.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace convbert {
namespace {

// L from black (0) to white (1), a from green to red, b from blue to yellow.
struct OkLab {
  double lightness;
  double a;
  double b;
};

struct LinearRgb {
  double red;
  double green;
  double blue;

  bool is_in_gamut() const {
    const auto [low, high] = std::minmax({red, green, blue});
    return low >= -1e-4 && high <= 1 + 1e-4;
  }
};

// Ottosson (2020), "A perceptual color space for image processing".
LinearRgb to_linear_rgb(const OkLab& color) {
  const auto cube = [](double x) { return x * x * x; };
  const double l = cube(color.lightness + 0.3963377774 * color.a + 0.2158037573 * color.b);
  const double m = cube(color.lightness - 0.1055613458 * color.a - 0.0638541728 * color.b);
  const double s = cube(color.lightness - 0.0894841775 * color.a - 1.2914855480 * color.b);
  return {4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
          -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
          -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s};
}

std::uint8_t to_byte(double linear) {
  const double x = std::clamp(linear, 0.0, 1.0);
  const double encoded = x <= 0.0031308 ? 12.92 * x : 1.055 * std::pow(x, 1 / 2.4) - 0.055;
  return static_cast<std::uint8_t>(std::lround(encoded * 255));
}

Rgb to_rgb(const OkLab& color) {
  const LinearRgb linear = to_linear_rgb(color);
  return {to_byte(linear.red), to_byte(linear.green), to_byte(linear.blue)};
}

double from_byte(std::uint8_t byte) {
  const double encoded = byte / 255.0;
  return encoded <= 0.04045 ? encoded / 12.92 : std::pow((encoded + 0.055) / 1.055, 2.4);
}

double relative_luminance(const Rgb& color) {
  return 0.2126 * from_byte(color.red) + 0.7152 * from_byte(color.green) +
         0.0722 * from_byte(color.blue);
}

// A curve from `from` to `to`: lightness and hue change evenly, chroma is largest in the middle.
struct Curve {
  double from_lightness, to_lightness;
  double from_hue, to_hue;  // degrees
  double end_chroma;        // at `to`; none at `from`
  double middle_chroma;

  OkLab at(double t) const {
    const double hue = (from_hue + (to_hue - from_hue) * t) * std::numbers::pi / 180;
    const double lightness = from_lightness + (to_lightness - from_lightness) * t;
    double chroma = end_chroma * t * t + middle_chroma * 2 * std::sqrt(t) * (1 - t);
    const auto color = [&] {
      return OkLab{lightness, chroma * std::cos(hue), chroma * std::sin(hue)};
    };
    while (chroma > 0.001 && !to_linear_rgb(color()).is_in_gamut()) chroma *= 0.99;
    return color();
  }
};

double distance(const OkLab& p, const OkLab& q) {
  return std::hypot(p.lightness - q.lightness, p.a - q.a, p.b - q.b);
}

// Steps of equal length along the curve.
ColorTable walk(const Curve& curve) {
  constexpr std::size_t kFine = 4096;
  std::array<double, kFine + 1> length{};
  for (std::size_t i = 1; i <= kFine; ++i) {
    length[i] = length[i - 1] + distance(curve.at(static_cast<double>(i - 1) / kFine),
                                         curve.at(static_cast<double>(i) / kFine));
  }
  ColorTable table;
  std::size_t fine = 0;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const double wanted =
        length[kFine] * static_cast<double>(i) / static_cast<double>(table.size() - 1);
    while (fine < kFine && length[fine] < wanted) ++fine;
    table[i] = to_rgb(curve.at(static_cast<double>(fine) / kFine));
  }
  return table;
}

// Pale to navy by yellow, green and blue; near black to pale yellow by purple, red and orange.
constexpr Curve kOnLight{1.0, 0.25, 110, 275, 0.10, 0.125};
constexpr Curve kOnDark{0.19, 0.97, -75, 105, 0.09, 0.19};

}  // namespace

const ColorTable& color_table(Theme theme) {
  static const ColorTable light = walk(kOnLight);
  static const ColorTable dark = walk(kOnDark);
  return theme == Theme::light ? light : dark;
}

ThemeColors theme_colors(Theme theme) {
  if (theme == Theme::light) {
    return {{255, 255, 255}, {26, 26, 30}, {104, 104, 112}, {200, 200, 206}};
  }
  return {color_table(Theme::dark).front(), {235, 235, 240}, {160, 160, 170}, {78, 78, 90}};
}

double contrast_ratio(const Rgb& one, const Rgb& other) {
  const auto [darker, lighter] = std::minmax({relative_luminance(one), relative_luminance(other)});
  return (lighter + 0.05) / (darker + 0.05);
}

Rgb ink_on(const Rgb& ground) {
  constexpr Rgb kBlack{0, 0, 0};
  constexpr Rgb kWhite{255, 255, 255};
  return contrast_ratio(kBlack, ground) >= contrast_ratio(kWhite, ground) ? kBlack : kWhite;
}

double place_on_scale(double weight, double largest, WeightScale scale) {
  if (!(weight > 0) || !(largest > 0)) return 0;
  const double share = weight / largest;
  const double place = scale == WeightScale::linear ? share : 1 + std::log10(share) / kDecades;
  return std::clamp(place, 0.0, 1.0);
}

}  // namespace convbert
