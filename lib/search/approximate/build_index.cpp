#include "search/approximate/build_index.h"

#include <faiss/Clustering.h>
#include <faiss/IndexHNSW.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "search/copies.h"

namespace convbert {
namespace {

constexpr int kLinks = 32;               // of a row of a graph, twice as many on its lowest level
constexpr int kEffortOfBuilding = 64;    // efConstruction
constexpr int kRoundsOfClustering = 10;  // of k-means
constexpr int kRowsOfCentroid = 64;      // that k-means looks at

std::unique_ptr<faiss::IndexHNSWFlat> make_graph(std::unique_ptr<UnitIndex> vectors) {
  auto graph = std::make_unique<faiss::IndexHNSWFlat>(static_cast<int>(vectors->d), kLinks,
                                                      faiss::METRIC_INNER_PRODUCT);
  delete graph->storage;
  graph->storage = vectors.release();
  graph->hnsw.efConstruction = kEffortOfBuilding;
  return graph;
}

// Some rows of a corpus, of length 1.
std::vector<float> read_units(const VectorRows& corpus, std::span<const std::int64_t> numbers) {
  const std::int64_t width = corpus.width();
  std::vector<float> values(numbers.size() * static_cast<std::size_t>(width));
  const MatrixView rows{values.data(), std::ssize(numbers), width, width};
  for (std::int64_t i = 0; i < rows.rows; ++i) {
    corpus.read(numbers[static_cast<std::size_t>(i)], {rows.row(i), 1, width, width});
    scale_to_unit(rows.row_span(i));
  }
  return values;
}

// `at_once`: that an interruption waits for.
void add_rows(faiss::Index& index, const VectorRows& corpus, std::span<const std::int64_t> numbers,
              std::size_t at_once, const GoOn& go_on) {
  while (!numbers.empty()) {
    expect_go_on(go_on, numbers.front());
    const auto now = numbers.first(std::min(at_once, numbers.size()));
    index.add(std::ssize(now), read_units(corpus, now).data());
    numbers = numbers.subspan(now.size());
  }
}

std::vector<std::int64_t> every_row(const VectorRows& corpus, std::int64_t step = 1) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t row = 0; row < corpus.rows(); row += step) numbers.push_back(row);
  return numbers;
}

// From a graph of some rows that of all: those are called what `numbers` calls them, and to the
// others nothing leads.
void extend_graph(faiss::IndexHNSWFlat& graph, std::span<const std::int64_t> numbers,
                  std::unique_ptr<UnitIndex> all) {
  faiss::HNSW& links = graph.hnsw;
  const auto rows = static_cast<std::size_t>(all->ntotal);
  std::vector<int> levels(rows, 1);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    levels[static_cast<std::size_t>(numbers[i])] = links.levels[i];
  }
  std::vector<std::size_t> offsets(rows + 1);
  for (std::size_t row = 0; row < rows; ++row) {
    const auto level = static_cast<std::size_t>(levels[row]);
    offsets[row + 1] =
        offsets[row] + static_cast<std::size_t>(links.cum_nneighbor_per_level[level]);
  }
  std::vector<faiss::HNSW::storage_idx_t> neighbors(offsets.back(), -1);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    std::size_t to = offsets[static_cast<std::size_t>(numbers[i])];
    for (std::size_t from = links.offsets[i]; from < links.offsets[i + 1]; ++from, ++to) {
      const auto neighbor = links.neighbors[from];
      if (neighbor < 0) continue;
      neighbors[to] = static_cast<int>(numbers[static_cast<std::size_t>(neighbor)]);
    }
  }
  links.levels = std::move(levels);
  links.offsets = std::move(offsets);
  links.neighbors.resize(neighbors.size());
  std::ranges::copy(neighbors, links.neighbors.data());
  links.entry_point = static_cast<int>(numbers[static_cast<std::size_t>(links.entry_point)]);
  graph.ntotal = all->ntotal;
  delete std::exchange(graph.storage, all.release());
}

}  // namespace

// Copies stay outside of the graph, whose links of one row they would fill: a search would not
// leave them any more, and building would take a hundred times as long.
std::unique_ptr<faiss::Index> build_graph(const VectorRows& corpus, const GoOn& go_on) {
  constexpr std::size_t kAtOnce = 1024;  // a second's work
  auto graph = make_graph(std::make_unique<UnitIndex>(corpus.width()));
  expect_go_on(go_on, 0);
  const Copies copies(corpus);
  const std::vector<std::int64_t> originals = copies.originals(corpus.rows());
  add_rows(*graph, corpus, originals, kAtOnce, go_on);
  if (copies.empty()) return graph;
  auto all = std::make_unique<UnitIndex>(corpus.width());
  add_rows(*all, corpus, every_row(corpus), kAtOnce,
           [&](std::int64_t) { return go_on(corpus.rows()); });
  extend_graph(*graph, originals, std::move(all));
  return graph;
}

std::unique_ptr<faiss::Index> build_lists(const VectorRows& corpus, int threads,
                                          const GoOn& go_on) {
  const auto wanted = static_cast<std::int64_t>(4 * std::sqrt(static_cast<double>(corpus.rows())));
  const std::int64_t lists = std::clamp<std::int64_t>(wanted, 1, corpus.rows());
  auto centroids = std::make_unique<UnitIndex>(corpus.width());
  centroids->threads = threads;
  centroids->go_on = go_on;
  {
    const std::int64_t step = std::max<std::int64_t>(1, corpus.rows() / (lists * kRowsOfCentroid));
    const std::vector<std::int64_t> numbers = every_row(corpus, step);
    const std::vector<float> sample = read_units(corpus, numbers);
    faiss::Clustering clustering(static_cast<int>(corpus.width()), static_cast<int>(lists));
    clustering.spherical = true;
    clustering.niter = kRoundsOfClustering;
    clustering.min_points_per_centroid = 1;  // of fewer it would print
    clustering.max_points_per_centroid = std::numeric_limits<int>::max();
    clustering.train(std::ssize(numbers), sample.data(), *centroids);
  }
  auto index = std::make_unique<UnitLists>(std::move(centroids));
  constexpr std::size_t kAtOnce = 1 << 14;
  add_rows(*index, corpus, every_row(corpus), kAtOnce, go_on);
  index->centroids().threads = 1;
  index->centroids().go_on = nullptr;
  return index;
}

}  // namespace convbert
