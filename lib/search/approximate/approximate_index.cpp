#include "search/approximate_index.h"

#if defined(__clang__)
// FAISS's headers include GCC's omp.h, which writes an attribute as Clang does not know it.
#define __malloc__(deallocator) __malloc__  // NOLINT(bugprone-reserved-identifier): its name
#include <omp.h>
#undef __malloc__
#endif

#include <faiss/Clustering.h>
#include <faiss/IndexHNSW.h>
#include <faiss/IndexIVFFlat.h>
#include <faiss/impl/FaissException.h>
#include <faiss/impl/io.h>
#include <faiss/index_io.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "core/error.h"
#include "nn/compute.h"
#include "nn/row_loops.h"
#include "search/copies.h"
#include "search/exact_search.h"

namespace convbert {
namespace {

constexpr int kLinks = 32;               // of a row of a graph, twice as many on its lowest level
constexpr int kEffortOfBuilding = 64;    // efConstruction
constexpr int kRowsInView = 64;          // efSearch, unless set_effort() says otherwise
constexpr int kListsRead = 16;           // nprobe
constexpr int kRoundsOfClustering = 10;  // of k-means
constexpr int kRowsOfCentroid = 64;      // that k-means looks at

struct Stopped {};
using GoOn = std::function<bool(std::int64_t rows)>;

void expect_go_on(const GoOn& go_on, std::int64_t rows) {
  if (!go_on(rows)) throw Stopped{};
}

// FAISS's products are plain loops in Debian's build; these are for the processor at hand.
class UnitProducts : public faiss::FlatCodesDistanceComputer {
 public:
  explicit UnitProducts(const faiss::IndexFlatCodes& index)
      : faiss::FlatCodesDistanceComputer(index.codes.data(), index.code_size), width_(index.d) {}

  void set_query(const float* query) override { query_ = query; }
  float distance_to_code(const std::uint8_t* code) override {
    return nn::inner_product(query_, reinterpret_cast<const float*>(code), width_);
  }
  float symmetric_dis(std::int64_t i, std::int64_t j) override {
    return nn::inner_product(row(i), row(j), width_);
  }

 private:
  const float* row(std::int64_t index) const {
    return reinterpret_cast<const float*>(codes + static_cast<std::size_t>(index) * code_size);
  }

  std::int64_t width_;
  const float* query_ = nullptr;
};

// The vectors of an index, or its centroids.
class UnitIndex : public faiss::IndexFlatIP, public VectorRows {
 public:
  explicit UnitIndex(std::int64_t width) : faiss::IndexFlatIP(width) {}
  UnitIndex(faiss::IndexFlat&& other) : faiss::IndexFlatIP(other.d) {
    codes = std::move(other.codes);
    ntotal = other.ntotal;
  }

  faiss::FlatCodesDistanceComputer* get_FlatCodesDistanceComputer() const override {
    return new UnitProducts(*this);
  }

  // By blocked products: exact, and the same on any number of threads. A query without a direction
  // is of the first row.
  void search(std::int64_t count, const float* queries, std::int64_t most, float* products,
              std::int64_t* labels, const faiss::SearchParameters* = nullptr) const override {
    constexpr std::int64_t kAtOnce = 4096;
    for (std::int64_t first = 0; first < count; first += kAtOnce) {
      if (go_on) expect_go_on(go_on, 0);
      const std::int64_t rows_now = std::min(kAtOnce, count - first);
      const auto found = find_nearest(*this, {queries + first * d, rows_now, d, d},
                                      {.most = most, .threads = threads});
      for (std::int64_t i = 0; i < rows_now; ++i) {
        const std::vector<Match>& matches = found[static_cast<std::size_t>(i)];
        float* to_products = products + (first + i) * most;
        std::int64_t* to_labels = labels + (first + i) * most;
        std::fill_n(to_products, most, -std::numeric_limits<float>::infinity());
        std::fill_n(to_labels, most, -1);
        if (matches.empty()) {
          to_products[0] = 0;
          to_labels[0] = 0;
        }
        for (std::size_t k = 0; k < matches.size(); ++k) {
          to_products[k] = matches[k].score;
          to_labels[k] = matches[k].number;
        }
      }
    }
  }

  std::int64_t rows() const override { return ntotal; }
  std::int64_t width() const override { return d; }
  void read(std::int64_t first, MatrixView into) const override {
    copy_rows({get_xb() + first * d, into.rows, d, d}, into);
  }

  int threads = 1;
  GoOn go_on;  // asked during long searches, where there is one
};

class ListProducts : public faiss::InvertedListScanner {
 public:
  explicit ListProducts(std::int64_t width) : width_(width) {
    keep_max = true;
    code_size = static_cast<std::size_t>(width) * sizeof(float);
  }
  void set_query(const float* query) override { query_ = query; }
  void set_list(std::int64_t number, float) override { list_no = number; }
  float distance_to_code(const std::uint8_t* code) const override {
    return nn::inner_product(query_, reinterpret_cast<const float*>(code), width_);
  }

 private:
  std::int64_t width_;
  const float* query_ = nullptr;
};

class UnitLists : public faiss::IndexIVFFlat {
 public:
  // Owns the centroids.
  explicit UnitLists(std::unique_ptr<UnitIndex> centroids)
      : faiss::IndexIVFFlat(centroids.get(), static_cast<std::size_t>(centroids->d),
                            static_cast<std::size_t>(centroids->ntotal),
                            faiss::METRIC_INNER_PRODUCT) {
    centroids.release();
    own_fields = true;
    is_trained = true;
  }

  UnitIndex& centroids() { return static_cast<UnitIndex&>(*quantizer); }

#if FAISS_VERSION_MAJOR == 1 && FAISS_VERSION_MINOR < 8
  faiss::InvertedListScanner* get_InvertedListScanner(bool,
                                                      const faiss::IDSelector*) const override{
#else
  faiss::InvertedListScanner* get_InvertedListScanner(
      bool, const faiss::IDSelector*, const faiss::IVFSearchParameters*) const override {
#endif
      return new ListProducts(d);
}
};  // namespace

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

class BytesReader : public faiss::IOReader {
 public:
  explicit BytesReader(std::span<const std::byte> bytes) : rest_(bytes) {}
  std::size_t operator()(void* to, std::size_t size, std::size_t count) override {
    if (size == 0 || count == 0 || count > rest_.size() / size) return 0;
    std::memcpy(to, rest_.data(), size * count);
    rest_ = rest_.subspan(size * count);
    return count;
  }

 private:
  std::span<const std::byte> rest_;
};

class PieceWriter : public faiss::IOWriter {
 public:
  explicit PieceWriter(const std::function<void(std::string_view)>& write) : write_(write) {}
  std::size_t operator()(const void* from, std::size_t size, std::size_t count) override {
    if (size * count > 0) write_({static_cast<const char*>(from), size * count});
    return count;
  }

 private:
  const std::function<void(std::string_view)>& write_;
};

template <class Wanted>
Wanted& expect_type(faiss::Index* index, const std::string& source) {
  auto* wanted = dynamic_cast<Wanted*>(index);
  if (wanted == nullptr) throw Error(ErrorKind::format, concat(source, ": another kind of index"));
  return *wanted;
}

// What was read, with our products instead of FAISS's.
std::unique_ptr<faiss::Index> with_our_products(std::unique_ptr<faiss::Index> read,
                                                const IndexLayout& layout) {
  if (layout.kind() == IndexKind::hnsw) {
    auto& graph = expect_type<faiss::IndexHNSWFlat>(read.get(), layout.source());
    auto& vectors = expect_type<faiss::IndexFlat>(graph.storage, layout.source());
    auto ours = std::make_unique<UnitIndex>(std::move(vectors));
    delete std::exchange(graph.storage, ours.release());
    return read;
  }
  auto& lists = expect_type<faiss::IndexIVFFlat>(read.get(), layout.source());
  auto& centroids = expect_type<faiss::IndexFlat>(lists.quantizer, layout.source());
  auto ours = std::make_unique<UnitLists>(std::make_unique<UnitIndex>(std::move(centroids)));
  ours->replace_invlists(lists.invlists, true);
  lists.own_invlists = false;
  ours->ntotal = lists.ntotal;
  return ours;
}

template <class Work>
auto call_faiss(ErrorKind kind, const std::string& what, Work work) {
  try {
    const nn::ComputeScope scope(1);
    return work();
  } catch (const faiss::FaissException& error) {
    throw Error(kind, concat(what, ": FAISS refuses: ", printable(error.what())));
  }
}

}  // namespace convbert

class ApproximateIndex::Implementation {
 public:
  explicit Implementation(std::unique_ptr<faiss::Index> index)
      : index_(std::move(index)),
        kind_(dynamic_cast<const UnitLists*>(index_.get()) != nullptr ? IndexKind::ivf
                                                                      : IndexKind::hnsw) {
    set_effort(kind_ == IndexKind::hnsw ? kRowsInView : kListsRead);
    if (kind_ == IndexKind::hnsw) {
      copies_.emplace(static_cast<const UnitIndex&>(
          *static_cast<const faiss::IndexHNSWFlat&>(*index_).storage));
    }
  }

  const faiss::Index& index() const { return *index_; }
  // Those that the index itself does not find.
  std::span<const Copy> copies_of(std::int64_t row) const {
    return copies_ ? copies_->of(row) : std::span<const Copy>();
  }
  IndexKind kind() const { return kind_; }

  // Where it stands in the index: of parameters for a search, FAISS 1.7 overlooks it in places.
  void set_effort(std::int64_t effort) {
    if (kind_ == IndexKind::hnsw) {
      static_cast<faiss::IndexHNSWFlat&>(*index_).hnsw.efSearch = static_cast<int>(effort);
    } else {
      auto& lists = static_cast<UnitLists&>(*index_);
      lists.nprobe = std::min(static_cast<std::size_t>(effort), lists.nlist);
    }
  }

 private:
  std::unique_ptr<faiss::Index> index_;
  IndexKind kind_;
  std::optional<Copies> copies_;
};

ApproximateIndex::ApproximateIndex(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
ApproximateIndex::ApproximateIndex(ApproximateIndex&&) noexcept = default;
ApproximateIndex& ApproximateIndex::operator=(ApproximateIndex&&) noexcept = default;
ApproximateIndex::~ApproximateIndex() = default;

std::optional<ApproximateIndex> ApproximateIndex::build(const VectorRows& corpus,
                                                        const IndexOptions& options,
                                                        const GoOn& go_on) {
  constexpr std::int64_t kMostRows = std::numeric_limits<std::int32_t>::max() - 1;
  if (corpus.rows() == 0 || corpus.rows() > kMostRows) {
    throw Error(ErrorKind::usage,
                concat("an index: expected 1 to ", kMostRows, " vectors, found ", corpus.rows()));
  }
  try {
    return call_faiss(ErrorKind::usage, "building an index", [&] {
      auto index = options.kind == IndexKind::hnsw ? build_graph(corpus, go_on)
                                                   : build_lists(corpus, options.threads, go_on);
      return std::optional(ApproximateIndex(std::make_unique<Implementation>(std::move(index))));
    });
  } catch (const Stopped&) {
    return std::nullopt;
  }
}

ApproximateIndex::ApproximateIndex(const IndexLayout& layout) {
  call_faiss(ErrorKind::format, layout.source(), [&] {
    BytesReader reader(layout.bytes());
    std::unique_ptr<faiss::Index> index(faiss::read_index(&reader));
    implementation_ = std::make_unique<Implementation>(with_our_products(std::move(index), layout));
  });
}

IndexKind ApproximateIndex::kind() const { return implementation_->kind(); }

void ApproximateIndex::write(const std::function<void(std::string_view)>& write) const {
  call_faiss(ErrorKind::internal, "writing an index", [&] {
    PieceWriter writer(write);
    faiss::write_index(&implementation_->index(), &writer);
  });
}

void ApproximateIndex::set_effort(std::int64_t effort) { implementation_->set_effort(effort); }

std::vector<std::vector<std::int64_t>> ApproximateIndex::candidates(ConstMatrixView queries,
                                                                    std::int64_t wanted) const {
  const faiss::Index& index = implementation_->index();
  const std::int64_t most = std::min(wanted, index.ntotal);
  const auto size = static_cast<std::size_t>(queries.rows * most);
  std::vector<float> products(size);
  std::vector<std::int64_t> labels(size);
  call_faiss(ErrorKind::internal, "searching an index", [&] {
    index.search(queries.rows, queries.data, most, products.data(), labels.data());
  });
  std::vector<std::vector<std::int64_t>> results;
  for (std::int64_t query = 0; query < queries.rows; ++query) {
    auto& numbers = results.emplace_back();
    for (std::int64_t i = 0; i < most && std::ssize(numbers) < most; ++i) {  // the nearest first
      const std::int64_t number = labels[static_cast<std::size_t>(query * most + i)];
      if (number < 0) break;
      numbers.push_back(number);
      for (const Copy& copy : implementation_->copies_of(number)) {
        if (std::ssize(numbers) >= most) break;
        numbers.push_back(copy.row);
      }
    }
    std::ranges::sort(numbers);
    // An index that others have built may lead to copies, too.
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  }
  return results;
}

std::string faiss_version() {
  return concat(FAISS_VERSION_MAJOR, ".", FAISS_VERSION_MINOR, ".", FAISS_VERSION_PATCH);
}

}  // namespace convbert
