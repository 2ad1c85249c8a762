// Cells of colour as characters and escape sequences (ECMA-48, SGR). Internal to the terminal's
// maps.
#pragma once

#include <array>
#include <string>

#include "figures/terminal/terminal.h"

namespace convbert {

// Writes cells into lines of text.
class TerminalInk {
 public:
  explicit TerminalInk(const TerminalStyle& style);

  bool has_colors() const { return style_.colors != TerminalColors::none; }
  // Can one character hold two cells, one above the other?
  bool has_halves() const { return has_colors() && style_.unicode; }

  // `count` columns of one cell; place: on the scale, from 0 to 1.
  void cell(std::string& line, double place, int count) const;
  // One that lies beyond the ends of the text.
  void beyond(std::string& line, double place, int count) const;
  void halves(std::string& line, double upper, double lower) const;
  // After coloured cells, before anything else.
  void reset(std::string& line) const;

 private:
  void background(std::string& line, double place) const;

  TerminalStyle style_;
  std::array<std::string, 256> colors_;  // parameters of SGR, without 38; or 48;
};

}  // namespace convbert
