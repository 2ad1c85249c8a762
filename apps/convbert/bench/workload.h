// The work that `convbert bench` measures with.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/batch.h"

namespace convbert::app {

// Texts, as their lengths in tokens.
struct Workload {
  std::string name;  // as asked for
  std::vector<std::int64_t> lengths;
  std::int64_t clipped = 0;  // texts that are longer than the model's positions, and were cut

  std::int64_t tokens() const;
  std::int64_t median_length() const;
};

// `name` is "mixed" (mixed_lengths.inc), a length, or a list of lengths "12,100,7".
// Throws Error(usage) naming --lengths.
Workload parse_workload(const std::string& name);

// The same for a model of so many positions: texts cut to them, and of a single length as many as
// fill two batches.
Workload fit_workload(Workload workload, std::int64_t positions, std::int64_t batch_tokens);

// The texts in order, as many to a batch as its tokens allow, as the pipeline packs them; token ids
// are random, the same for the same workload.
std::vector<Batch> make_batches(const Workload& workload, std::int64_t batch_tokens,
                                std::int64_t vocab_size);

}  // namespace convbert::app
