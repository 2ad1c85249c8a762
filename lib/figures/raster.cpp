#include "figures/raster.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <locale>
#include <sstream>
#include <utility>

#include "core/error.h"

namespace convbert {

void check_maps(const TextMaps& maps) {
  if (maps.labels.empty()) throw Error(ErrorKind::input, "there are no tokens to draw maps of");
  if (maps.sets.empty()) throw Error(ErrorKind::input, "there are no maps to draw");
  for (const MapSet& set : maps.sets) {
    const bool has_maps = set.maps() > 0 && set.columns > 0;
    const auto values = static_cast<std::size_t>(set.maps() * set.rows * set.columns);
    const auto outside = static_cast<std::size_t>(set.maps() * set.rows * 2);
    if (!has_maps || set.rows != static_cast<std::int64_t>(maps.labels.size()) ||
        set.values.size() != values || (!set.outside.empty() && set.outside.size() != outside)) {
      throw Error(
          ErrorKind::internal,
          concat("maps of ", info_of(set.type).title, ": ", set.values.size(), " values and ",
                 set.outside.size(), " outside for ", set.maps(), " maps of ", set.rows, " x ",
                 set.columns, " and ", maps.labels.size(), " labels"));
    }
  }
}

double largest_weight(const MapSet& set) {
  float largest = 0;
  for (const std::vector<float>* values : {&set.values, &set.outside}) {
    for (const float value : *values) {
      if (value > largest && std::isfinite(value)) largest = value;
    }
  }
  return static_cast<double>(largest);
}

Reach reach_of(std::int64_t i, std::int64_t count, std::int64_t whole) {
  return {i * whole / count, ((i + 1) * whole + count - 1) / count};
}

Raster pool_largest(std::span<const float> map, std::int64_t map_rows, std::int64_t map_columns,
                    std::int64_t rows, std::int64_t columns) {
  Raster raster{std::clamp<std::int64_t>(rows, 1, map_rows),
                std::clamp<std::int64_t>(columns, 1, map_columns),
                {}};
  raster.values.reserve(static_cast<std::size_t>(raster.rows * raster.columns));
  std::vector<float> row(static_cast<std::size_t>(map_columns));
  for (std::int64_t i = 0; i < raster.rows; ++i) {
    const Reach reach = reach_of(i, raster.rows, map_rows);
    std::ranges::fill(row, 0.0F);
    for (std::int64_t from = reach.first; from < reach.last; ++from) {
      const float* values = map.data() + from * map_columns;
      for (std::size_t j = 0; j < row.size(); ++j) row[j] = std::max(row[j], values[j]);
    }
    for (std::int64_t j = 0; j < raster.columns; ++j) {
      const Reach span = reach_of(j, raster.columns, map_columns);
      raster.values.push_back(*std::max_element(row.begin() + span.first, row.begin() + span.last));
    }
  }
  return raster;
}

const Rgb& color_of(double weight, double largest, WeightScale scale, const ColorTable& table) {
  const double place = place_on_scale(weight, largest, scale);
  return table[static_cast<std::size_t>(
      std::lround(place * static_cast<double>(table.size() - 1)))];
}

TextEnds::TextEnds(const TextMaps& maps, const MapSet& set)
    : first_(maps.first), length_(maps.length), set_columns_(set.columns) {
  // A text that is not known to go on ends with its last label, unless it is a part of one.
  if (length_ == 0 && first_ == 0) length_ = set.rows;
}

std::string_view unit_of(MapType type) {
  switch (type) {
    case MapType::attention_norm:
    case MapType::conv_norm: return "norm";
    case MapType::rollout:
    case MapType::attention_rollout: return "share";
    default: return "weight";
  }
}

std::string short_number(double value) {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  out << std::setprecision(3) << value;
  return std::move(out).str();
}

}  // namespace convbert
