// Attention maps in a terminal.
#pragma once

#include <cstdint>
#include <string>

#include "attention/text_maps.h"
#include "figures/color.h"

namespace convbert {

enum class TerminalColors { none, indexed, truecolor };  // none: darker and darker characters

struct TerminalStyle {
  std::int64_t width = 80;  // columns
  TerminalColors colors = TerminalColors::none;
  bool unicode = true;  // else labels in ASCII alone, '?' for other characters
  Theme theme = Theme::dark;
  WeightScale scale = WeightScale::linear;
  bool names_text = false;  // its id above its maps, where texts follow one another
};

// Lines of text, each ended, and none wider than the width but where that is less than 44. Maps
// stand side by side where there is room. A cell is two columns wide; where that is too wide for
// the text, one column and half a line; where that too is, it is the largest of several weights.
// Nothing in a label can act on the terminal. Throws Error(ErrorKind::input) without maps or
// tokens.
std::string draw_terminal(const TextMaps& maps, const TerminalStyle& style);

}  // namespace convbert
