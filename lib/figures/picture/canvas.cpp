#include "figures/picture/canvas.h"

#include <cairo-pdf.h>
#include <cairo-svg.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "figures/picture/svg.h"

namespace convbert {
namespace {

constexpr double kPointsPerInch = 72;

cairo_status_t append_bytes(void* to, const unsigned char* bytes, unsigned int count) {
  // No exception may pass through Cairo.
  try {
    static_cast<std::string*>(to)->append(reinterpret_cast<const char*>(bytes), count);
  } catch (const std::bad_alloc&) {
    return CAIRO_STATUS_NO_MEMORY;
  }
  return CAIRO_STATUS_SUCCESS;
}

void check_size(const PageSize& page) {
  const double across = page.width * page.resolution / kPointsPerInch;
  const double down = page.height * page.resolution / kPointsPerInch;
  if (across * down <= kMostPixels && std::max(across, down) <= kMostPixelsOfASide) return;
  throw PictureTooLarge(concat("a picture of ", std::ceil(across), " x ", std::ceil(down),
                               " pixels is too large; at most ", kMostPixels / 1e6, " million and ",
                               kMostPixelsOfASide, " a side are drawn"));
}

cairo_surface_t* new_surface(PictureFormat format, const PageSize& page, std::string* bytes) {
  if (format == PictureFormat::png) {
    const auto pixels = [&](double points) {
      return static_cast<int>(std::ceil(points * page.resolution / kPointsPerInch));
    };
    return cairo_image_surface_create(CAIRO_FORMAT_RGB24, pixels(page.width), pixels(page.height));
  }
  if (format == PictureFormat::svg) {
    cairo_surface_t* svg =
        cairo_svg_surface_create_for_stream(append_bytes, bytes, page.width, page.height);
    cairo_svg_surface_set_document_unit(svg, CAIRO_SVG_UNIT_PT);  // cairo 1.18 would write pixels
    return svg;
  }
  cairo_surface_t* pdf =
      cairo_pdf_surface_create_for_stream(append_bytes, bytes, page.width, page.height);
  // The same picture is the same file, whenever it is made.
  cairo_pdf_surface_set_metadata(pdf, CAIRO_PDF_METADATA_CREATE_DATE, "");
  return pdf;
}

void add_box(cairo_t* cairo, const Box& box) {
  cairo_rectangle(cairo, box.x, box.y, box.width, box.height);
}

}  // namespace

Typesetter::Typesetter()
    : fonts_(pango_cairo_font_map_new()),
      context_(pango_font_map_create_context(fonts_.get())),
      layout_(pango_layout_new(context_.get())) {
  // Text is as wide in pixels as in print.
  const std::unique_ptr<cairo_font_options_t, FreeWith<cairo_font_options_destroy>> options(
      cairo_font_options_create());
  cairo_font_options_set_hint_style(options.get(), CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options.get(), CAIRO_HINT_METRICS_OFF);
  cairo_font_options_set_antialias(options.get(), CAIRO_ANTIALIAS_GRAY);
  pango_cairo_context_set_font_options(context_.get(), options.get());
  pango_context_set_round_glyph_positions(context_.get(), FALSE);
  pango_layout_set_single_paragraph_mode(layout_.get(), TRUE);
  pango_layout_set_ellipsize(layout_.get(), PANGO_ELLIPSIZE_END);
  // Without fonts Pango names families all the same, and draws boxes.
  has_fonts_ = pango_layout_get_unknown_glyphs_count(set({.content = "0"})) == 0;
}

PangoLayout* Typesetter::set(const Text& text) const {
  const std::unique_ptr<PangoFontDescription, FreeWith<pango_font_description_free>> font(
      pango_font_description_from_string("sans-serif"));
  pango_font_description_set_absolute_size(font.get(), text.size * PANGO_SCALE);
  if (text.is_bold) pango_font_description_set_weight(font.get(), PANGO_WEIGHT_BOLD);
  PangoLayout* layout = layout_.get();
  pango_layout_set_font_description(layout, font.get());
  pango_layout_set_width(layout, text.widest > 0 ? pango_units_from_double(text.widest) : -1);
  pango_layout_set_text(layout, text.content.data(), static_cast<int>(text.content.size()));
  return layout;
}

double Typesetter::width_of(const Text& text) const {
  if (!has_fonts_) return 0;
  PangoRectangle extents;
  pango_layout_get_extents(set(text), nullptr, &extents);
  return pango_units_to_double(extents.width);
}

std::vector<std::string> Typesetter::lines_of(const Text& text, double room) const {
  std::vector<std::string> lines;
  for (std::string_view rest = text.content; !rest.empty();) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    const std::string word(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    Text joined = text;
    const std::string line = lines.empty() ? word : lines.back() + " " + word;
    joined.content = line;
    if (lines.empty() || width_of(joined) > room) {
      lines.push_back(word);
    } else {
      lines.back() = line;
    }
  }
  return lines;
}

void check_style(const PictureStyle& style) {
  const bool has_width = std::isfinite(style.width) && style.width >= 0;
  const bool has_resolution = style.resolution >= 18 && style.resolution <= 2400;
  if (has_width && has_resolution) return;
  throw Error(ErrorKind::usage,
              concat("a picture cannot be ", style.width, " points wide at ", style.resolution,
                     " pixels an inch; expected 0 or more points and 18 to 2400 pixels"));
}

void check_width(const PictureStyle& style, double least) {
  if (style.width == 0 || style.width >= least) return;
  throw Error(ErrorKind::usage, OptionName{"width"},
              concat(" ", style.width, ": expected at least ", std::ceil(least),
                     " points, which this picture takes"));
}

Canvas::Canvas(const Typesetter& typesetter, PictureFormat format, const PageSize& page,
               Rgb background)
    : typesetter_(typesetter), format_(format) {
  check_size(page);
  surface_.reset(new_surface(format, page, &bytes_));
  cairo_.reset(cairo_create(surface_.get()));
  check();
  if (format == PictureFormat::png) {
    cairo_scale(cairo_.get(), page.resolution / kPointsPerInch, page.resolution / kPointsPerInch);
  }
  fill({0, 0, page.width + 1, page.height + 1}, background);  // the last pixel may be a part of one
}

void Canvas::set_color(Rgb color) {
  cairo_set_source_rgb(cairo_.get(), color.red / 255.0, color.green / 255.0, color.blue / 255.0);
}

void Canvas::stroke(const Stroke& stroke) {
  set_color(stroke.color);
  cairo_set_line_width(cairo_.get(), stroke.width);
  cairo_set_line_join(cairo_.get(), CAIRO_LINE_JOIN_ROUND);
  const double dash = 2.5;
  cairo_set_dash(cairo_.get(), &dash, stroke.is_dashed ? 1 : 0, 0);
  cairo_stroke(cairo_.get());
}

void Canvas::fill(const Box& box, Rgb color) {
  set_color(color);
  add_box(cairo_.get(), box);
  cairo_fill(cairo_.get());
}

void Canvas::frame(const Box& box, const Stroke& stroke) {
  // Around the box, not over its edge.
  const double half = stroke.width / 2;
  add_box(cairo_.get(), {box.x - half, box.y - half, box.width + 2 * half, box.height + 2 * half});
  this->stroke(stroke);
}

void Canvas::line(std::span<const Point> points, const Stroke& stroke) {
  for (const Point& point : points) cairo_line_to(cairo_.get(), point.x, point.y);
  this->stroke(stroke);
}

void Canvas::mark(Point center, Mark mark, double size, Rgb color) {
  set_color(color);
  if (mark == Mark::circle) {
    cairo_arc(cairo_.get(), center.x, center.y, size / 2, 0, 2 * std::numbers::pi);
  } else {
    const double half = size * 0.6;  // as heavy as the circle
    cairo_move_to(cairo_.get(), center.x - half, center.y);
    cairo_line_to(cairo_.get(), center.x, center.y - half);
    cairo_line_to(cairo_.get(), center.x + half, center.y);
    cairo_line_to(cairo_.get(), center.x, center.y + half);
    cairo_close_path(cairo_.get());
  }
  cairo_fill(cairo_.get());
}

void Canvas::hatch(std::span<const Box> boxes, const Stroke& stroke) {
  if (boxes.empty()) return;
  constexpr double kStep = 2.5;
  cairo_save(cairo_.get());
  for (const Box& box : boxes) add_box(cairo_.get(), box);
  double left;
  double top;
  double right;
  double bottom;
  cairo_path_extents(cairo_.get(), &left, &top, &right, &bottom);
  cairo_clip(cairo_.get());
  // Lines x + y = c, the same over the whole page.
  for (double c = std::floor((left + top) / kStep) * kStep; c <= right + bottom; c += kStep) {
    cairo_move_to(cairo_.get(), c - top, top);
    cairo_line_to(cairo_.get(), c - bottom, bottom);
  }
  this->stroke(stroke);
  cairo_restore(cairo_.get());
}

void Canvas::cells(const Box& box, std::int64_t rows, std::int64_t columns,
                   std::span<const Rgb> colors) {
  // Where an SVG is to be sharp, a browser takes one of the image's pixels for each of its own: of
  // cells that are smaller than those, whole columns would be lost. Two, so that it may be halved.
  constexpr double kPointsOfTwoPixels = 1.5;
  has_small_cells_ |= box.width / static_cast<double>(columns) < kPointsOfTwoPixels ||
                      box.height / static_cast<double>(rows) < kPointsOfTwoPixels;
  image(box, rows, columns, colors);
}

void Canvas::shades(const Box& box, std::span<const Rgb> colors) {
  image(box, static_cast<std::int64_t>(colors.size()), 1, colors);
}

void Canvas::image(const Box& box, std::int64_t rows, std::int64_t columns,
                   std::span<const Rgb> colors) {
  // Viewers of SVG and PDF may blur what they magnify, whatever the file says; of cells that are
  // many pixels each they blur no more than the edge.
  constexpr double kPixelsOfAPoint = 4;
  constexpr double kMostOfAMap = 16e6;
  constexpr double kMostOfASide = 16000;
  const double density = std::min({kPixelsOfAPoint, std::sqrt(kMostOfAMap / box.width / box.height),
                                   kMostOfASide / std::max(box.width, box.height)});
  const auto repeats = [&](double side, std::int64_t cells) -> std::int64_t {
    if (format_ == PictureFormat::png) return 1;
    const double pixels = side * density / static_cast<double>(cells);
    return std::max<std::int64_t>(1, std::llround(pixels));
  };
  const std::int64_t wide = repeats(box.width, columns);
  const std::int64_t high = repeats(box.height, rows);
  const std::unique_ptr<cairo_surface_t, FreeWith<cairo_surface_destroy>> image(
      cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(columns * wide),
                                 static_cast<int>(rows * high)));
  unsigned char* data = cairo_image_surface_get_data(image.get());
  if (data == nullptr) throw Error(ErrorKind::internal, "Cairo has no memory for a map");
  const int stride = cairo_image_surface_get_stride(image.get());
  for (std::int64_t i = 0; i < rows * high; ++i) {
    auto* row = reinterpret_cast<std::uint32_t*>(data + i * stride);
    const std::span<const Rgb> cells = colors.subspan(static_cast<std::size_t>(i / high * columns),
                                                      static_cast<std::size_t>(columns));
    for (const Rgb& color : cells) {
      const auto pixel =
          static_cast<std::uint32_t>(color.red << 16 | color.green << 8 | color.blue);
      row = std::fill_n(row, wide, pixel);
    }
  }
  cairo_surface_mark_dirty(image.get());
  cairo_save(cairo_.get());
  cairo_translate(cairo_.get(), box.x, box.y);
  cairo_scale(cairo_.get(), box.width / static_cast<double>(columns * wide),
              box.height / static_cast<double>(rows * high));
  cairo_set_source_surface(cairo_.get(), image.get(), 0, 0);
  cairo_pattern_set_filter(cairo_get_source(cairo_.get()), CAIRO_FILTER_NEAREST);
  cairo_paint(cairo_.get());
  cairo_restore(cairo_.get());
}

void Canvas::show(const Text& text, Align align) {
  set_color(text.color);
  pango_cairo_update_context(cairo_.get(), typesetter_.context_.get());
  pango_layout_context_changed(typesetter_.layout_.get());
  PangoLayout* layout = typesetter_.set(text);
  PangoRectangle extents;
  pango_layout_get_extents(layout, nullptr, &extents);
  const double width = pango_units_to_double(extents.width);
  const double before = align == Align::left ? 0 : align == Align::center ? width / 2 : width;
  // A font's box differs from script to script, the line that text stands on does not.
  const double middle = 0.35 * text.size;
  cairo_rel_move_to(cairo_.get(), -before - pango_units_to_double(extents.x),
                    middle - pango_units_to_double(pango_layout_get_baseline(layout)));
  pango_cairo_show_layout(cairo_.get(), layout);
  cairo_new_path(cairo_.get());
}

void Canvas::text(Point at, Align align, const Text& text) {
  if (!typesetter_.has_fonts_) return;
  cairo_move_to(cairo_.get(), at.x, at.y);
  show(text, align);
}

void Canvas::turned_text(Point at, Align align, const Text& text) {
  if (!typesetter_.has_fonts_) return;
  cairo_save(cairo_.get());
  cairo_translate(cairo_.get(), at.x, at.y);
  cairo_rotate(cairo_.get(), -std::numbers::pi / 2);
  cairo_move_to(cairo_.get(), 0, 0);
  show(text, align);
  cairo_restore(cairo_.get());
}

void Canvas::check() const {
  const cairo_status_t of_surface = cairo_surface_status(surface_.get());
  const cairo_status_t status =
      of_surface != CAIRO_STATUS_SUCCESS ? of_surface : cairo_status(cairo_.get());
  if (status == CAIRO_STATUS_SUCCESS) return;
  throw Error(ErrorKind::internal, concat("Cairo cannot draw: ", cairo_status_to_string(status)));
}

std::string Canvas::finish() {
  check();
  if (format_ == PictureFormat::png) {
    cairo_surface_write_to_png_stream(surface_.get(), append_bytes, &bytes_);
  }
  cairo_.reset(cairo_create(surface_.get()));  // lets go of what it held
  cairo_surface_finish(surface_.get());
  const cairo_status_t status = cairo_surface_status(surface_.get());
  if (status != CAIRO_STATUS_SUCCESS) {
    throw Error(ErrorKind::internal, concat("Cairo cannot draw: ", cairo_status_to_string(status)));
  }
  return format_ == PictureFormat::svg ? settled_svg(bytes_, !has_small_cells_) : std::move(bytes_);
}

}  // namespace convbert
