// What Cairo's SVG lacks for figures.
#pragma once

#include <string>
#include <string_view>

namespace convbert {

// Cairo's SVG with
// - images drawn in sharp cells, if so asked: Cairo 1.16 does not write which filter it was given,
//   and viewers blur what they magnify;
// - names numbered from 0 in the order in which they appear: Cairo counts them through the life of
//   the process, and the same picture would not be the same file.
std::string settled_svg(std::string_view svg, bool is_sharp);

}  // namespace convbert
