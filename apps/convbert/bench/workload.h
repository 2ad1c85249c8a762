// The work that `convbert bench` measures with.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/batch.h"
#include "model/config.h"

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

// Floating-point operations (a multiplication and an addition count as two) of the matrix products
// and convolutions of one pass over a text of n tokens, alone and without padding. With hidden size
// h, embedding size e, inner size f in g groups, and a = heads * head_size:
//   embedding projection, if e != h                    2 n e h
//   BERT, ELECTRA, a layer (a = h)
//     query, key, value, attention output              8 n h h
//     scores, and the values weighted by them          4 n n h
//     feed forward                                     4 n h f
//   ConvBERT with a kernel of k, a layer (a = h / 2)
//     query, key, value, the convolution's value       8 n h a
//     span: depthwise, pointwise                       2 n h k + 2 n h a
//     kernels; the values mixed by them                2 n a (heads k) + 2 n a k
//     scores, and the values weighted by them          4 n n a
//     attention output; feed forward                   2 n h h + 4 n h f / g
std::int64_t useful_flops(const ModelConfig& config, std::int64_t n);
std::int64_t useful_flops(const ModelConfig& config, const Workload& workload);

}  // namespace convbert::app
