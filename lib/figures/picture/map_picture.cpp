#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "figures/labels.h"
#include "figures/picture/canvas.h"
#include "figures/picture/map_labels.h"
#include "figures/picture/map_layout.h"
#include "figures/picture/picture.h"
#include "figures/picture/scale_bar.h"
#include "figures/raster.h"

namespace convbert {
namespace {

constexpr double kMargin = 12;
constexpr double kBetweenBlocks = 18;
constexpr double kNoteHeight = 10;
constexpr double kLeastNote = 240;  // points before a line of notes is broken
constexpr double kBeforeBar = 10;
constexpr double kNoteSize = 7;
constexpr double kLeastWidth = 1;  // a page so wide is as wide as it must be

struct Block {
  const MapSet* set;
  MapLayout layout;
  double largest;
  std::vector<std::string> title;  // lines above
  std::vector<std::string> notes;  // lines below

  double body() const { return layout.width + kBeforeBar + kScaleBarSpace; }
  // From the block's corner to the layout's, which has room for a line of the title.
  double above() const { return kTitleHeight * static_cast<double>(title.size() - 1); }
  // From the layout's corner to the notes.
  double below() const { return std::max(layout.height, layout.top + kLeastScaleBar) + 4; }
  double height() const {
    return above() + below() + kNoteHeight * static_cast<double>(notes.size());
  }
};

// Is there room to see what lies beyond the ends of the text?
bool shows_ends(const MapLayout& layout, const MapSet& set) {
  return layout.cell_height * static_cast<double>(set.columns / 2) >= 2;
}

// "self-attention", with what all of its maps share.
std::string title_of(const MapSet& set) {
  std::string title(info_of(set.type).title);
  if (set.layers.size() == 1) title += ", layer " + std::to_string(set.layers[0]);
  if (set.heads.size() == 1) title += ", head " + std::to_string(set.heads[0]);
  return title;
}

// Draws the sets below each other.
class MapPicture {
 public:
  MapPicture(const TextMaps& maps, const PictureStyle& style)
      : maps_(maps), style_(style), colors_(theme_colors(style.theme)) {
    for (const std::string& label : maps.labels) labels_.push_back(visible_label(label));
    id_ = visible_label(maps.id);
    double least = 0;
    for (const MapSet& set : maps.sets) {
      blocks_.push_back(block_of(set, style.width));
      if (style.width > 0 && width_of(blocks_.back()) > style.width) {
        least = std::max(least, width_of(block_of(set, kLeastWidth)));
      }
    }
    check_width(style, least);
  }

  std::string draw(PictureFormat format);

 private:
  // width: of the page; 0: follows from the content.
  Block block_of(const MapSet& set, double width) const;
  std::string notes_of(const Block& block) const;
  Text title_text(std::string_view line) const { return {line, 10, colors_.text, true}; }
  Text note_text(std::string_view line) const { return {line, kNoteSize, colors_.faint_text}; }
  // Of a page that holds the block.
  double width_of(const Block& block) const;
  std::int64_t pixels(double points) const {
    return std::max<std::int64_t>(1, std::llround(points * style_.resolution / 72));
  }
  PageSize page() const;
  void draw_block(Canvas& canvas, const Block& block, Point corner) const;
  void draw_map(Canvas& canvas, const Block& block, std::int64_t index, const Box& box) const;
  void draw_outside(Canvas& canvas, const Block& block, std::int64_t index, const Box& box) const;
  void draw_values(Canvas& canvas, const Block& block, const Raster& raster, const Box& box) const;
  void draw_ends(Canvas& canvas, const Block& block, const Box& box) const;

  const TextMaps& maps_;
  const PictureStyle& style_;
  ThemeColors colors_;
  Typesetter typesetter_;
  std::vector<std::string> labels_;
  std::string id_;
  std::vector<Block> blocks_;
};

Block MapPicture::block_of(const MapSet& set, double width) const {
  const double body = std::max(width - 2 * kMargin - kScaleBarSpace - kBeforeBar, 1.0);
  Block block{&set,
              lay_out(maps_, set, labels_, width > 0 ? body : 0, typesetter_),
              largest_weight(set),
              {},
              {}};
  const std::string title = title_of(set);
  block.title =
      width > 0 ? typesetter_.lines_of(title_text(title), width - 2 * kMargin) : std::vector{title};
  const std::string notes = notes_of(block);
  block.notes = typesetter_.lines_of(
      note_text(notes), width > 0 ? width - 2 * kMargin : std::max(block.body(), kLeastNote));
  return block;
}

// What a reader must know.
std::string MapPicture::notes_of(const Block& block) const {
  const MapLayout& layout = block.layout;
  const MapSet& set = *block.set;
  std::string notes = "Row: what a token reads.";
  if (set.is_band()) notes += " Column: how far from it.";
  if (!set.outside.empty()) notes += " Set apart: before and behind the text.";
  const TextEnds ends(maps_, set);
  if (set.is_band() && shows_ends(layout, set) &&
      (ends.is_before(0, 0) || ends.is_behind(set.rows - 1, set.columns - 1))) {
    notes += " Hatched: beyond the ends of the text.";
  }
  if (set.rows > pixels(layout.map_height) || set.columns > pixels(layout.map_width)) {
    notes += " Each pixel: the largest weight there.";
  }
  return notes;
}

double MapPicture::width_of(const Block& block) const {
  double width = block.body();
  for (const std::string& line : block.title) {
    width = std::max(width, typesetter_.width_of(title_text(line)));
  }
  for (const std::string& line : block.notes) {
    width = std::max(width, typesetter_.width_of(note_text(line)));
  }
  return width + 2 * kMargin;
}

PageSize MapPicture::page() const {
  double width = 0;
  double height = 2 * kMargin + (id_.empty() ? 0 : kTitleHeight) - kBetweenBlocks;
  for (const Block& block : blocks_) {
    width = std::max(width, width_of(block));
    height += block.height() + kBetweenBlocks;
  }
  width = style_.width > 0 ? style_.width : std::ceil(width * 2) / 2;
  return {width, std::ceil(height * 2) / 2, style_.resolution};
}

std::string MapPicture::draw(PictureFormat format) {
  const PageSize size = page();
  try {
    Canvas canvas(typesetter_, format, size, colors_.background);
    double y = kMargin;
    if (!id_.empty()) {
      canvas.text({kMargin, y + 5}, Align::left,
                  {id_, 8, colors_.faint_text, false, size.width - 2 * kMargin});
      y += kTitleHeight;
    }
    for (const Block& block : blocks_) {
      draw_block(canvas, block, {kMargin, y});
      y += block.height() + kBetweenBlocks;
    }
    return canvas.finish();
  } catch (const PictureTooLarge& error) {
    std::int64_t count = 0;
    for (const MapSet& set : maps_.sets) count += set.maps();
    throw PictureTooLarge(
        concat(error.what(), ": ", count, " maps of ", labels_.size(), " tokens; expected fewer"));
  }
}

void MapPicture::draw_block(Canvas& canvas, const Block& block, Point corner) const {
  const MapLayout& layout = block.layout;
  const MapSet& set = *block.set;
  for (const std::string& line : block.title) {
    canvas.text({corner.x, corner.y + 5}, Align::left, title_text(line));
    corner.y += kTitleHeight;
  }
  corner.y -= kTitleHeight;  // the layout has room for a line
  const MapLabels labels(maps_, set, labels_, layout, typesetter_);
  for (std::int64_t index = 0; index < set.maps(); ++index) {
    Box box = layout.map(index);
    box.x += corner.x;
    box.y += corner.y;
    draw_map(canvas, block, index, box);
    labels.draw(canvas, index, box, colors_);
  }
  const double maps_height = layout.height - layout.top;
  draw_scale_bar(canvas,
                 {corner.x + layout.width + kBeforeBar, corner.y + layout.top, kScaleBarWidth,
                  std::clamp(maps_height, kLeastScaleBar, kLargestScaleBar)},
                 {unit_of(set.type), block.largest, style_.scale, style_.theme});
  double y = corner.y + block.below() + kNoteHeight / 2;
  for (const std::string& note : block.notes) {
    canvas.text({corner.x, y}, Align::left, note_text(note));
    y += kNoteHeight;
  }
}

void MapPicture::draw_values(Canvas& canvas, const Block& block, const Raster& raster,
                             const Box& box) const {
  const ColorTable& table = color_table(style_.theme);
  std::vector<Rgb> cells;
  cells.reserve(raster.values.size());
  for (const float value : raster.values) {
    cells.push_back(color_of(static_cast<double>(value), block.largest, style_.scale, table));
  }
  canvas.cells(box, raster.rows, raster.columns, cells);
}

void MapPicture::draw_map(Canvas& canvas, const Block& block, std::int64_t index,
                          const Box& box) const {
  const MapSet& set = *block.set;
  draw_values(
      canvas, block,
      pool_largest(set.map(index), set.rows, set.columns, pixels(box.height), pixels(box.width)),
      box);
  if (set.is_band()) draw_ends(canvas, block, box);
  canvas.frame(box, {colors_.line});
  if (!set.outside.empty()) draw_outside(canvas, block, index, box);
}

void MapPicture::draw_outside(Canvas& canvas, const Block& block, std::int64_t index,
                              const Box& box) const {
  const std::span<const float> outside = block.set->outside_of(index);
  for (const std::size_t side : {0U, 1U}) {
    std::vector<float> column;
    for (std::size_t row = 0; row < outside.size() / 2; ++row) {
      column.push_back(outside[row * 2 + side]);
    }
    const double width = block.layout.outside;
    const Box beside{side == 0 ? box.x - kOutsideGap - width : box.x + box.width + kOutsideGap,
                     box.y, width, box.height};
    draw_values(canvas, block, pool_largest(column, block.set->rows, 1, pixels(box.height), 1),
                beside);
    canvas.frame(beside, {colors_.line});
  }
}

void MapPicture::draw_ends(Canvas& canvas, const Block& block, const Box& box) const {
  const MapLayout& layout = block.layout;
  const MapSet& set = *block.set;
  if (!shows_ends(layout, set)) return;
  const TextEnds ends(maps_, set);
  std::vector<Box> boxes;
  for (std::int64_t row = 0; row < set.rows; ++row) {
    for (std::int64_t column = 0; column < set.columns; ++column) {
      if (ends.are_in(row, column)) continue;
      boxes.push_back({box.x + static_cast<double>(column) * layout.cell_width,
                       box.y + static_cast<double>(row) * layout.cell_height, layout.cell_width,
                       layout.cell_height});
    }
  }
  // Seen on cells of any colour.
  canvas.hatch(boxes, {colors_.background, 1});
  canvas.hatch(boxes, {colors_.faint_text, 0.45});
}

}  // namespace

std::string draw_maps(const TextMaps& maps, const PictureStyle& style, PictureFormat format) {
  check_maps(maps);
  check_style(style);
  return MapPicture(maps, style).draw(format);
}

}  // namespace convbert
