// One page that is drawn on alike whether it becomes pixels, SVG or PDF: Cairo draws, Pango sets
// text in any script. Lengths are points (1/72 inch), y grows downwards. Internal to the pictures.
#pragma once

#include <pango/pangocairo.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "figures/color.h"
#include "figures/picture/picture.h"

namespace convbert {

template <auto kFree>
struct FreeWith {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};

struct Point {
  double x = 0;
  double y = 0;
};

struct Box {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
};

enum class Align { left, center, right };

// One line of text.
struct Text {
  std::string_view content;  // UTF-8
  double size = 8;
  Rgb color{};
  bool is_bold = false;
  double widest = 0;  // ellipsised to this width; 0: as wide as it is
};

// Sets text: a font map of its own, so that nothing is shared between threads or outlives it.
// Without any font on the machine all text has no width and leaves no mark.
class Typesetter {
 public:
  Typesetter();
  double width_of(const Text& text) const;
  // Broken between words into lines that are at most `room` wide, but for a word that is wider.
  std::vector<std::string> lines_of(const Text& text, double room) const;

 private:
  friend class Canvas;
  PangoLayout* set(const Text& text) const;

  std::unique_ptr<PangoFontMap, FreeWith<g_object_unref>> fonts_;
  std::unique_ptr<PangoContext, FreeWith<g_object_unref>> context_;
  std::unique_ptr<PangoLayout, FreeWith<g_object_unref>> layout_;
  bool has_fonts_ = false;
};

struct PageSize {
  double width;  // points
  double height;
  double resolution;  // pixels per inch
};

struct Stroke {
  Rgb color{};
  double width = 0.5;
  bool is_dashed = false;
};

// Marks differ in shape too, for those who cannot tell colours.
enum class Mark { circle, diamond };

// Throws Error(ErrorKind::usage) unless width and resolution are numbers that a page can have.
void check_style(const PictureStyle& style);
// Throws Error(ErrorKind::usage) where the style asks for less than `least` points.
void check_width(const PictureStyle& style, double least);

class Canvas {
 public:
  // Throws PictureTooLarge for a page that is larger than kMostPixels, before any of it is
  // in memory.
  Canvas(const Typesetter& typesetter, PictureFormat format, const PageSize& page, Rgb background);

  void fill(const Box& box, Rgb color);
  void frame(const Box& box, const Stroke& stroke);
  void line(std::span<const Point> points, const Stroke& stroke);
  void mark(Point center, Mark mark, double size, Rgb color);
  // Slanting lines over the boxes.
  void hatch(std::span<const Box> boxes, const Stroke& stroke);
  // Cells of one colour each, sharp at any magnification, unless a screen could not show each of
  // them at the picture's own size. colors: [rows, columns].
  void cells(const Box& box, std::int64_t rows, std::int64_t columns, std::span<const Rgb> colors);
  // Colours that shade into each other, from above.
  void shades(const Box& box, std::span<const Rgb> colors);
  // The middle of small letters is at at.y, or where the text is turned (read from below) at at.x.
  void text(Point at, Align align, const Text& text);
  void turned_text(Point at, Align align, const Text& text);

  // The bytes of the file; nothing can be drawn afterwards.
  std::string finish();

 private:
  void set_color(Rgb color);
  void image(const Box& box, std::int64_t rows, std::int64_t columns, std::span<const Rgb> colors);
  void stroke(const Stroke& stroke);
  void show(const Text& text, Align align);
  void check() const;

  const Typesetter& typesetter_;
  PictureFormat format_;
  std::string bytes_;
  bool has_small_cells_ = false;
  std::unique_ptr<cairo_surface_t, FreeWith<cairo_surface_destroy>> surface_;
  std::unique_ptr<cairo_t, FreeWith<cairo_destroy>> cairo_;
};

}  // namespace convbert
