// Rows of a corpus that are the same vector: of the same text, most of the time.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "search/vector_rows.h"

namespace convbert {

// A row, and the first one that is the same.
struct Copy {
  std::int64_t original;
  std::int64_t row;

  auto operator<=>(const Copy&) const = default;
};

class Copies {
 public:
  // Reads the corpus once, and what may be copies again. Vectors are compared bit by bit, scaled to
  // length 1; those without a direction are copies of the first such.
  explicit Copies(const VectorRows& corpus);

  bool empty() const { return copies_.empty(); }
  // Those of one row, in order.
  std::span<const Copy> of(std::int64_t original) const;
  // Of `rows` rows those that are no copies, in order.
  std::vector<std::int64_t> originals(std::int64_t rows) const;

 private:
  std::vector<Copy> copies_;  // sorted
};

}  // namespace convbert
