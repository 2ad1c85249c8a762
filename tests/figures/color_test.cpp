// What the colours promise: an even way from nothing to the largest weight, for every eye.
#include "figures/color.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace convbert {
namespace {

using Matrix = std::array<std::array<double, 3>, 3>;
using Vector = std::array<double, 3>;

// Machado, Oliveira and Fernandes (2009), "A physiologically-based model for simulation of color
// vision deficiency", of linear sRGB, at full severity.
constexpr Matrix kProtanopia{{{0.152286, 1.052583, -0.204868},
                              {0.114503, 0.786281, 0.099216},
                              {-0.003882, -0.048116, 1.051998}}};
constexpr Matrix kDeuteranopia{{{0.367322, 0.860646, -0.227968},
                                {0.280085, 0.672501, 0.047413},
                                {-0.011820, 0.042940, 0.968881}}};
constexpr Matrix kTritanopia{{{1.255528, -0.076749, -0.178779},
                              {-0.078411, 0.930809, 0.147602},
                              {0.004733, 0.691367, 0.303900}}};
constexpr Matrix kFullVision{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};

Vector times(const Matrix& matrix, const Vector& v) {
  Vector product{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) product[i] += matrix[i][j] * v[j];
  }
  return product;
}

Vector linear(const Rgb& color) {
  const auto decoded = [](std::uint8_t byte) {
    const double x = byte / 255.0;
    return x <= 0.04045 ? x / 12.92 : std::pow((x + 0.055) / 1.055, 2.4);
  };
  return {decoded(color.red), decoded(color.green), decoded(color.blue)};
}

// L* of CIE 1976, 0 to 100.
double lightness(const Vector& rgb) {
  const double y = 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
  return y > 0.008856 ? 116 * std::cbrt(y) - 16 : 903.3 * y;
}

// OKLab, of Ottosson's linear sRGB matrices.
Vector ok_lab(const Rgb& color) {
  constexpr Matrix kToCones{{{0.4122214708, 0.5363325363, 0.0514459929},
                             {0.2119034982, 0.6806995451, 0.1073969566},
                             {0.0883024619, 0.2817188376, 0.6299787005}}};
  constexpr Matrix kToLab{{{0.2104542553, 0.7936177850, -0.0040720468},
                           {1.9779984951, -2.4285922050, 0.4505937099},
                           {0.0259040371, 0.7827717662, -0.8086757660}}};
  Vector cones = times(kToCones, linear(color));
  for (double& cone : cones) cone = std::cbrt(cone);
  return times(kToLab, cones);
}

constexpr std::array kThemes = {Theme::light, Theme::dark};

TEST_CASE("colours are in order of lightness, whatever the eye") {
  for (const Theme theme : kThemes) {
    const ColorTable& table = color_table(theme);
    const double towards = theme == Theme::light ? -1 : 1;
    for (const Matrix& eye : {kFullVision, kProtanopia, kDeuteranopia, kTritanopia}) {
      for (std::size_t i = 8; i < table.size(); ++i) {
        INFO("theme ", static_cast<int>(theme), ", colour ", i);
        const double before = lightness(times(eye, linear(table[i - 8])));
        const double after = lightness(times(eye, linear(table[i])));
        CHECK((after - before) * towards > 0.1);
      }
    }
  }
}

TEST_CASE("colours are even steps apart") {
  for (const Theme theme : kThemes) {
    const ColorTable& table = color_table(theme);
    // Eight steps at a time: one alone is hardly more than what eight bits round.
    double least = 1;
    double largest = 0;
    for (std::size_t i = 8; i < table.size(); ++i) {
      const Vector from = ok_lab(table[i - 8]);
      const Vector to = ok_lab(table[i]);
      const double step = std::hypot(to[0] - from[0], to[1] - from[1], to[2] - from[2]);
      least = std::min(least, step);
      largest = std::max(largest, step);
    }
    INFO("theme ", static_cast<int>(theme));
    CHECK(largest < 1.5 * least);
  }
}

TEST_CASE("nothing has the colour of the background") {
  for (const Theme theme : kThemes) {
    CHECK(color_table(theme).front() == theme_colors(theme).background);
  }
}

TEST_CASE("contrast is that of WCAG") {
  CHECK(contrast_ratio({0, 0, 0}, {255, 255, 255}) == doctest::Approx(21));
  CHECK(contrast_ratio({255, 255, 255}, {0, 0, 0}) == doctest::Approx(21));
  CHECK(contrast_ratio({119, 119, 119}, {255, 255, 255}) == doctest::Approx(4.48).epsilon(0.001));
}

TEST_CASE("text is read on every colour") {
  for (const Theme theme : kThemes) {
    for (const Rgb& color : color_table(theme)) {
      const double contrast = contrast_ratio(ink_on(color), color);
      CHECK(contrast >= 4.5);
      CHECK(contrast >= contrast_ratio({0, 0, 0}, color));
      CHECK(contrast >= contrast_ratio({255, 255, 255}, color));
    }
  }
  CHECK(contrast_ratio(ink_on({49, 176, 155}), {49, 176, 155}) > 7.5);
}

TEST_CASE("places of weights on a scale") {
  CHECK(place_on_scale(0.3, 0.6, WeightScale::linear) == doctest::Approx(0.5));
  CHECK(place_on_scale(0.6, 0.6, WeightScale::logarithmic) == doctest::Approx(1));
  CHECK(place_on_scale(0.006, 0.6, WeightScale::logarithmic) == doctest::Approx(0.5));
  CHECK(place_on_scale(0.6e-5, 0.6, WeightScale::logarithmic) == 0);
  for (const WeightScale scale : {WeightScale::linear, WeightScale::logarithmic}) {
    CHECK(place_on_scale(0, 1, scale) == 0);
    CHECK(place_on_scale(-1, 1, scale) == 0);
    CHECK(place_on_scale(2, 1, scale) == 1);
    CHECK(place_on_scale(1, 0, scale) == 0);
    CHECK(place_on_scale(std::numeric_limits<double>::quiet_NaN(), 1, scale) == 0);
  }
}

}  // namespace
}  // namespace convbert
