// From weights to cells of colour: what pictures and terminals share.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attention/text_maps.h"
#include "figures/color.h"

namespace convbert {

// Throws Error(ErrorKind::internal) where the arrays of a set are not of the size that they say,
// and Error(ErrorKind::input) where there is nothing to draw.
void check_maps(const TextMaps& maps);

// The largest finite weight of a set, of `outside` too: the end of its scale. 0 if all are.
double largest_weight(const MapSet& set);

struct Raster {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::vector<float> values;  // [rows, columns]
};

// The rows that the i-th of `count` touches when `whole` are made as many: [first, last).
struct Reach {
  std::int64_t first;
  std::int64_t last;
};
Reach reach_of(std::int64_t i, std::int64_t count, std::int64_t whole);

// A map made smaller, where it has more rows or columns than `rows` and `columns`. Each value of
// the result is the largest of those whose place it touches: a mean would wash out the thin lines
// that make a map worth looking at, and leaving rows out would lose them.
Raster pool_largest(std::span<const float> map, std::int64_t map_rows, std::int64_t map_columns,
                    std::int64_t rows, std::int64_t columns);

// The colour of a weight in a table.
const Rgb& color_of(double weight, double largest, WeightScale scale, const ColorTable& table);

// Of a band map: does the entry lie before or behind the whole text?
class TextEnds {
 public:
  TextEnds(const TextMaps& maps, const MapSet& set);
  bool is_before(std::int64_t row, std::int64_t column) const {
    return first_ + row - set_columns_ / 2 + column < 0;
  }
  bool is_behind(std::int64_t row, std::int64_t column) const {
    return length_ > 0 && first_ + row - set_columns_ / 2 + column >= length_;
  }
  bool are_in(std::int64_t row, std::int64_t column) const {
    return !is_before(row, column) && !is_behind(row, column);
  }
  // Is any of these entries in the text?
  bool are_in(const Reach& rows, const Reach& columns) const {
    return !is_before(rows.last - 1, columns.last - 1) && !is_behind(rows.first, columns.first);
  }

 private:
  std::int64_t first_;
  std::int64_t length_;  // 0: not known
  std::int64_t set_columns_;
};

// "weight" or what else the values of such a map are.
std::string_view unit_of(MapType type);

// A weight in three digits: "0.125", "3.2e-05".
std::string short_number(double value);

}  // namespace convbert
