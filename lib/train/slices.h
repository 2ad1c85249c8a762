// How a batch is cut for the threads that work on it.
#pragma once

#include <cstdint>
#include <vector>

#include "core/batch.h"

namespace convbert {

// Sequences `first` to `first + count` of a batch.
struct Slice {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

// At least so many, where they have kFewestSliceTokens each, and up to kUsualSlices where they have
// twice as many: slices serve as many threads, but products want tall matrices, and each slice adds
// to every gradient. Larger batches are cut into more, so that what one slice keeps for its
// backward pass stays bounded.
inline constexpr std::int64_t kFewSlices = 4;
inline constexpr std::int64_t kUsualSlices = 8;
inline constexpr std::int64_t kFewestSliceTokens = 128;
inline constexpr std::int64_t kMostSliceTokens = 1024;  // unless one sequence alone has more

// Consecutive slices of about as many tokens each. They follow from the lengths of the sequences
// alone, so that sums over slices have one order on any number of threads.
// `group`: so many neighbouring sequences stay together, as the two of a pair; it divides their
// number.
std::vector<Slice> cut(const Batch& batch, std::int64_t group = 1);

// The sequences of a slice as a batch of their own.
Batch take(const Batch& batch, const Slice& slice);

}  // namespace convbert
