// The statistics of a corpus, by model, kind, layer and head. Internal to the pictures.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "attention/statistics.h"

namespace convbert {

// The heads of one kind of one model.
struct KindView {
  MapKind kind;
  std::vector<std::int64_t> layers;  // in order, each once
  std::vector<std::int64_t> heads;
  std::vector<const HeadStatistics*> all;

  std::vector<const HeadStatistics*> of_layer(std::int64_t layer) const;
  // Of the figure's means over the heads of a layer.
  double mean_of(std::int64_t layer, std::size_t figure) const;
  // by_distance, over the heads of a layer; a head that has fewer has nothing there.
  std::vector<double> by_distance(std::int64_t layer) const;
  std::vector<double> by_distance_uniform() const;
};

struct ModelView {
  std::string name;
  std::vector<KindView> kinds;

  const KindView* find(MapKind kind) const;
};

// In the order in which models first come. The statistics must outlive the result.
std::vector<ModelView> view_of(std::span<const HeadStatistics> heads);

// Where a figure stands in Figures.
std::size_t figure_named(std::string_view name);

}  // namespace convbert
