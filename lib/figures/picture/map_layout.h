// Where the maps of a set and their labels lie in a picture. Internal to the pictures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "attention/text_maps.h"
#include "figures/picture/canvas.h"

namespace convbert {

// All lengths in points. Cells and corners are at whole half points, which are whole pixels at 144
// an inch.
struct MapLayout {
  // Of the grid of maps. Rows are layers and columns heads (is_matrix), else maps follow each other
  // line by line, each with a title of its own.
  std::int64_t rows = 1;
  std::int64_t columns = 1;
  bool is_matrix = false;

  double map_width = 0;
  double map_height = 0;
  double cell_width = 0;
  double cell_height = 0;
  double outside = 0;     // width of the columns of what lies outside the text, one on either side
  double gap = 8;         // between maps, and lines of them
  double line_title = 0;  // above each line of maps
  double row_title = 0;   // to the left of each row of a matrix

  // Of a matrix: where "head 1" is wider than its column, or "layer 1" than its row is high, the
  // number alone stands there, and the word once.
  bool numbers_heads = false;
  bool numbers_layers = false;

  bool has_token_rows = false;  // labels beside the rows; else numbers
  bool has_token_columns = false;
  double label_size = 0;
  double left = 0;  // from the block's corner to the first map
  double top = 0;

  double width = 0;  // of the maps and what is left of them
  double height = 0;

  Box map(std::int64_t index) const;  // from the block's corner
};

inline constexpr double kOutsideGap = 2;
inline constexpr double kTitleHeight = 14;  // of a block
inline constexpr double kSubtitleHeight = 11;
inline constexpr double kSubtitleSize = 8;
inline constexpr double kNumberSize = 6.5;  // of tokens and offsets

// "+4": how far a column of a band is from its row.
std::string offset_label(std::int64_t offset);

// width: what maps and labels may take, and take as far as whole cells allow; 0: follows from the
// content. What needs more to be legible is as wide as it needs to be.
MapLayout lay_out(const TextMaps& maps, const MapSet& set, const std::vector<std::string>& labels,
                  double width, const Typesetter& typesetter);

}  // namespace convbert
