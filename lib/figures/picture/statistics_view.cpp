#include "figures/picture/statistics_view.h"

#include <algorithm>

namespace convbert {
namespace {

void insert_once(std::vector<std::int64_t>& sorted, std::int64_t value) {
  const auto at = std::ranges::lower_bound(sorted, value);
  if (at == sorted.end() || *at != value) sorted.insert(at, value);
}

template <class Part, class Is>
Part& found_or_added(std::vector<Part>& parts, Is is, Part added) {
  const auto at = std::ranges::find_if(parts, is);
  return at != parts.end() ? *at : parts.emplace_back(std::move(added));
}

}  // namespace

std::vector<const HeadStatistics*> KindView::of_layer(std::int64_t layer) const {
  std::vector<const HeadStatistics*> found;
  for (const HeadStatistics* head : all) {
    if (head->layer == layer) found.push_back(head);
  }
  return found;
}

double KindView::mean_of(std::int64_t layer, std::size_t figure) const {
  const std::vector<const HeadStatistics*> heads_there = of_layer(layer);
  double sum = 0;
  for (const HeadStatistics* head : heads_there) sum += head->figures[figure].mean;
  return sum / static_cast<double>(heads_there.size());
}

std::vector<double> KindView::by_distance(std::int64_t layer) const {
  const std::vector<const HeadStatistics*> heads_there = of_layer(layer);
  std::vector<double> means;
  for (const HeadStatistics* head : heads_there) {
    means.resize(std::max(means.size(), head->by_distance.size()));
    for (std::size_t i = 0; i < head->by_distance.size(); ++i) {
      means[i] += head->by_distance[i] / static_cast<double>(heads_there.size());
    }
  }
  return means;
}

std::vector<double> KindView::by_distance_uniform() const {
  return all.empty() ? std::vector<double>() : all.front()->by_distance_uniform;
}

const KindView* ModelView::find(MapKind kind) const {
  const auto at =
      std::ranges::find_if(kinds, [&](const KindView& view) { return view.kind == kind; });
  return at == kinds.end() ? nullptr : &*at;
}

std::vector<ModelView> view_of(std::span<const HeadStatistics> heads) {
  std::vector<ModelView> models;
  for (const HeadStatistics& head : heads) {
    ModelView& model = found_or_added(
        models, [&](const ModelView& view) { return view.name == head.model; },
        ModelView{head.model, {}});
    KindView& kind = found_or_added(
        model.kinds, [&](const KindView& view) { return view.kind == head.kind; },
        KindView{head.kind, {}, {}, {}});
    insert_once(kind.layers, head.layer);
    insert_once(kind.heads, head.head);
    kind.all.push_back(&head);
  }
  return models;
}

std::size_t figure_named(std::string_view name) {
  return static_cast<std::size_t>(std::ranges::find(kFigureNames, name) - kFigureNames.begin());
}

}  // namespace convbert
