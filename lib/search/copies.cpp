#include "search/copies.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

namespace convbert {
namespace {

std::string_view bytes_of(std::span<const float> vector) {
  return {reinterpret_cast<const char*>(vector.data()), vector.size_bytes()};
}

struct HashedRow {
  std::size_t hash;
  std::int64_t row;

  auto operator<=>(const HashedRow&) const = default;
};

std::vector<HashedRow> hash_rows(const VectorRows& corpus) {
  constexpr std::int64_t kAtOnce = 256;
  const std::int64_t width = corpus.width();
  std::vector<float> values(static_cast<std::size_t>(kAtOnce * width));
  std::vector<HashedRow> hashed;
  for (std::int64_t first = 0; first < corpus.rows(); first += kAtOnce) {
    const MatrixView rows{values.data(), std::min(kAtOnce, corpus.rows() - first), width, width};
    corpus.read(first, rows);
    for (std::int64_t i = 0; i < rows.rows; ++i) {
      scale_to_unit(rows.row_span(i));
      hashed.push_back({std::hash<std::string_view>()(bytes_of(rows.row_span(i))), first + i});
    }
  }
  std::ranges::sort(hashed);
  return hashed;
}

}  // namespace

Copies::Copies(const VectorRows& corpus) {
  const std::vector<HashedRow> hashed = hash_rows(corpus);
  const std::int64_t width = corpus.width();
  std::vector<float> original(static_cast<std::size_t>(width));
  std::vector<float> row(original.size());
  const auto read = [&](std::int64_t number, std::vector<float>& into) {
    corpus.read(number, {into.data(), 1, width, width});
    scale_to_unit(into);
  };
  for (auto first = hashed.begin(); first != hashed.end();) {
    const auto end = std::find_if(
        first, hashed.end(), [&](const HashedRow& other) { return other.hash != first->hash; });
    if (end - first > 1) read(first->row, original);
    for (auto other = first + 1; other < end; ++other) {
      read(other->row, row);
      if (bytes_of(row) == bytes_of(original)) copies_.push_back({first->row, other->row});
    }
    first = end;
  }
  std::ranges::sort(copies_);
}

std::span<const Copy> Copies::of(std::int64_t original) const {
  const auto first = std::lower_bound(copies_.begin(), copies_.end(), Copy{original, 0});
  const auto end = std::lower_bound(first, copies_.end(), Copy{original + 1, 0});
  return {first, end};
}

std::vector<std::int64_t> Copies::originals(std::int64_t rows) const {
  std::vector<bool> is_copy(static_cast<std::size_t>(rows));
  for (const Copy& copy : copies_) is_copy[static_cast<std::size_t>(copy.row)] = true;
  std::vector<std::int64_t> originals;
  for (std::int64_t row = 0; row < rows; ++row) {
    if (!is_copy[static_cast<std::size_t>(row)]) originals.push_back(row);
  }
  return originals;
}

}  // namespace convbert
