#include "search/approximate/unit_indexes.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "nn/row_loops.h"
#include "search/exact_search.h"

namespace convbert {
namespace {

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

}  // namespace

void expect_go_on(const GoOn& go_on, std::int64_t rows) {
  if (!go_on(rows)) throw Stopped{};
}

UnitIndex::UnitIndex(faiss::IndexFlat&& other) : faiss::IndexFlatIP(other.d) {
  codes = std::move(other.codes);
  ntotal = other.ntotal;
}

faiss::FlatCodesDistanceComputer* UnitIndex::get_FlatCodesDistanceComputer() const {
  return new UnitProducts(*this);  // whose owner is whoever asks
}

void UnitIndex::search(std::int64_t count, const float* queries, std::int64_t most, float* products,
                       std::int64_t* labels, const faiss::SearchParameters*) const {
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

void UnitIndex::read(std::int64_t first, MatrixView into) const {
  copy_rows({get_xb() + first * d, into.rows, d, d}, into);
}

UnitLists::UnitLists(std::unique_ptr<UnitIndex> centroids)
    : faiss::IndexIVFFlat(centroids.get(), static_cast<std::size_t>(centroids->d),
                          static_cast<std::size_t>(centroids->ntotal),
                          faiss::METRIC_INNER_PRODUCT) {
  centroids.release();
  own_fields = true;
  is_trained = true;
}

#if FAISS_VERSION_MAJOR == 1 && FAISS_VERSION_MINOR < 8
faiss::InvertedListScanner* UnitLists::get_InvertedListScanner(bool,
                                                               const faiss::IDSelector*) const {
  return new ListProducts(d);
}
#else
faiss::InvertedListScanner* UnitLists::get_InvertedListScanner(
    bool, const faiss::IDSelector*, const faiss::IVFSearchParameters*) const {
  return new ListProducts(d);
}
#endif

}  // namespace convbert
