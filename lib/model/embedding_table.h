// A table of embeddings, looked up row by row.
#pragma once

#include <cstdint>
#include <span>

#include "core/tensor.h"
#include "model/weights.h"

namespace convbert {

// The large one, of words, stays in the checkpoint's bytes and type and is widened row by row.
class EmbeddingTable {
 public:
  // `weight` must be bound; the checkpoint behind it must outlive the table.
  explicit EmbeddingTable(const TableWeight& weight);

  std::int64_t entries() const { return weight_.shape[0]; }
  // index: below entries(); to: as wide as the table.
  void copy_row(std::int64_t index, std::span<float> to) const;

 private:
  TableWeight weight_;
  FloatBuffer widened_;  // only where rows cannot be read in place
};

}  // namespace convbert
