// Figures of attention maps and of statistics, for papers, slides and web pages.
#pragma once

#include <span>
#include <string>

#include "attention/statistics.h"
#include "attention/text_maps.h"
#include "core/error.h"
#include "figures/color.h"

namespace convbert {

enum class PictureFormat { png, svg, pdf };

struct PictureStyle {
  Theme theme = Theme::light;
  WeightScale scale = WeightScale::linear;  // of maps; statistics are linear
  double width = 0;  // points (1/72 inch), which the content fills; 0: follows from the content
  double resolution = 144;  // png: pixels per inch; of svg and pdf no cell is finer than that
};

// A picture has at most so many pixels, counted at its resolution in every format.
inline constexpr double kMostPixels = 64e6;
inline constexpr double kMostPixelsOfASide = 32000;

// A picture that would be larger than these. What makes it smaller, the caller knows.
class PictureTooLarge : public Error {
 public:
  explicit PictureTooLarge(const std::string& message) : Error(ErrorKind::input, message) {}
};

// The bytes of a picture file: each set a block, its maps in a grid of layers by heads, with one
// scale. A map that has more cells than pixels shows in each pixel the largest weight there.
// The same maps and style give the same bytes wherever the same fonts are installed.
// Throws PictureTooLarge; Error(ErrorKind::input) where there is nothing to draw,
// Error(ErrorKind::usage) for a style that none can have and for a width too small for its labels.
std::string draw_maps(const TextMaps& maps, const PictureStyle& style, PictureFormat format);

// Of a corpus, or of several models on one: a row of figures a model, on the same axes. Weight by
// distance, a line a layer; entropy by layer, a mark a head; weight within the window, a cell a
// head, with what the head mostly does (pattern_of). Throws as draw_maps does.
std::string draw_statistics(std::span<const HeadStatistics> heads, const PictureStyle& style,
                            PictureFormat format);

}  // namespace convbert
