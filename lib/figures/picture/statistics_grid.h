// Layers by heads: how much of each head's weight is within the window, and what the head mostly
// does. Internal to the pictures.
#pragma once

#include <string>
#include <string_view>

#include "figures/picture/canvas.h"
#include "figures/picture/statistics_view.h"

namespace convbert {

struct CellSize {
  double width;
  double height;
};

inline constexpr double kPanelTitleSize = 8.5;
inline constexpr double kGridLeft = 34;  // room for layers' numbers and their title
inline constexpr double kGridTop = 34;   // for the grid's title and heads' numbers
inline constexpr double kTextCell = 30;  // width of a cell that holds what a head does

std::string_view name_of(MapKind kind);
std::string grid_title(const KindView& view);

// corner: of the whole, title included.
void draw_grid(Canvas& canvas, Point corner, const CellSize& size, const KindView& view,
               Theme theme);

}  // namespace convbert
