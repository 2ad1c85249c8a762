#include "search/approximate/approximate_index.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "core/error.h"
#include "nn/compute.h"
#include "search/approximate/build_index.h"
#include "search/approximate/unit_indexes.h"
#include "search/copies.h"

// After unit_indexes.h, which makes them fit for Clang.
#include <faiss/IndexHNSW.h>
#include <faiss/impl/FaissException.h>
#include <faiss/impl/io.h>
#include <faiss/index_io.h>

namespace convbert {
namespace {

constexpr int kRowsInView = 64;  // efSearch, unless set_effort() says otherwise
constexpr int kListsRead = 16;   // nprobe

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

}  // namespace

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
