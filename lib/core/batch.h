// Sequences of tokens packed one after another, without padding.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "core/error.h"
#include "core/tensor.h"

namespace convbert {

// Sequence s is tokens starts[s] to starts[s + 1]; `ids` and `type_ids` are flat, one entry a
// token. A sequence has at least one token.
struct Batch {
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> type_ids;
  std::vector<std::int64_t> starts{0};

  std::int64_t tokens() const { return static_cast<std::int64_t>(ids.size()); }
  std::int64_t sequences() const { return static_cast<std::int64_t>(starts.size()) - 1; }
  std::int64_t start(std::int64_t sequence) const {
    return starts[static_cast<std::size_t>(sequence)];
  }
  std::int64_t length(std::int64_t sequence) const { return start(sequence + 1) - start(sequence); }

  // All sequences, those of one length side by side: the order for work on each by itself whose
  // kernels are compiled for its length, as code comes into the caches once a length then.
  std::vector<std::int64_t> by_length() const {
    std::vector<std::int64_t> order(static_cast<std::size_t>(sequences()));
    std::iota(order.begin(), order.end(), std::int64_t{0});
    std::ranges::stable_sort(order, {}, [&](std::int64_t s) { return length(s); });
    return order;
  }

  void clear() {
    ids.clear();
    type_ids.clear();
    starts.assign(1, 0);
  }
  // Throws Error(internal) unless there is a type for every id.
  void append(std::span<const std::int32_t> sequence_ids,
              std::span<const std::int32_t> sequence_type_ids) {
    if (sequence_ids.size() != sequence_type_ids.size()) {
      throw Error(ErrorKind::internal, concat("Batch: ", sequence_ids.size(), " ids with ",
                                              sequence_type_ids.size(), " token types"));
    }
    ids.insert(ids.end(), sequence_ids.begin(), sequence_ids.end());
    type_ids.insert(type_ids.end(), sequence_type_ids.begin(), sequence_type_ids.end());
    starts.push_back(tokens());
  }
  // A sequence of another batch.
  void append(const Batch& other, std::int64_t sequence) {
    const auto first = static_cast<std::size_t>(other.start(sequence));
    const auto count = static_cast<std::size_t>(other.length(sequence));
    append(std::span(other.ids).subspan(first, count),
           std::span(other.type_ids).subspan(first, count));
  }
};

// The rows of one sequence, of a matrix with a row a token.
template <class Float>
BasicMatrixView<Float> rows_of(BasicMatrixView<Float> matrix, const Batch& batch,
                               std::int64_t sequence) {
  return matrix.row_range(batch.start(sequence), batch.length(sequence));
}

}  // namespace convbert
