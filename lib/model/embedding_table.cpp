#include "model/embedding_table.h"

#include <algorithm>

namespace convbert {

EmbeddingTable::EmbeddingTable(const TableWeight& weight) : weight_(weight) {
  if (weight.stored->is_contiguous()) return;
  widened_ = FloatBuffer(static_cast<std::size_t>(weight.stored->elements()));
  weight.stored->copy_to(widened_.span());
}

void EmbeddingTable::copy_row(std::int64_t index, std::span<float> to) const {
  const auto width = to.size();
  const auto first = static_cast<std::size_t>(index) * width;
  if (widened_.size() > 0) {
    std::copy_n(widened_.data() + first, width, to.begin());
    return;
  }
  const StoredTensor& stored = *weight_.stored;
  widen_to_float(stored.dtype, stored.bytes.subspan(first * size_of(stored.dtype)), to);
}

}  // namespace convbert
