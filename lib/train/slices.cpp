#include "train/slices.h"

#include <algorithm>

namespace convbert {

std::vector<Slice> cut(const Batch& batch, std::int64_t group) {
  if (group < 1 || batch.sequences() % group != 0) {
    throw Error(ErrorKind::internal, concat("a batch of ", batch.sequences(),
                                            " sequences is no whole number of groups of ", group));
  }
  const std::int64_t tokens = batch.tokens();
  const std::int64_t few =
      std::max(std::clamp<std::int64_t>(tokens / kFewestSliceTokens, 1, kFewSlices),
               std::min(tokens / (2 * kFewestSliceTokens), kUsualSlices));
  const std::int64_t parts = std::max(few, (tokens + kMostSliceTokens - 1) / kMostSliceTokens);
  std::vector<Slice> slices;
  std::int64_t first = 0;
  for (std::int64_t end = group; end <= batch.sequences(); end += group) {
    // Where the next slice ought to begin, counted over the whole batch.
    const std::int64_t goal = tokens * (std::ssize(slices) + 1) / parts;
    const bool is_last = end == batch.sequences();
    const std::int64_t next = is_last ? 0 : batch.start(end + group) - batch.start(end);
    // Where half of the next group or more would lie beyond it, the slice ends here.
    if (!is_last && batch.start(end) + next / 2 < goal) continue;
    slices.push_back({first, end - first});
    first = end;
  }
  return slices;
}

Batch take(const Batch& batch, const Slice& slice) {
  Batch part;
  for (std::int64_t s = slice.first; s < slice.first + slice.count; ++s) {
    part.append(batch, s);
  }
  return part;
}

}  // namespace convbert
