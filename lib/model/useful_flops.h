// The arithmetic that a pass cannot do without: what throughput is measured in.
#pragma once

#include <cstdint>
#include <span>

#include "model/config.h"
#include "model/head_form.h"

namespace convbert {

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
//     span, if kernels come from it: depthwise, pointwise   2 n h k + 2 n h a
//     kernels, unless they are fixed                   2 n a (heads k)
//     the values mixed by them                         2 n a k
//     scores, and the values weighted by them          4 n n a
//     attention output; feed forward                   2 n h h + 4 n h f / g
std::int64_t useful_flops(const ModelConfig& config, std::int64_t n);

// Of a head on `rows` hidden states: 2 (in) (out) a row of its dense layer, where it has one, and
// of its output.
std::int64_t useful_head_flops(const HeadForm& head, const ModelConfig& config,
                               std::int64_t outputs, std::int64_t rows);

// Of texts of these lengths.
std::int64_t useful_flops(const ModelConfig& config, std::span<const std::int64_t> lengths);

}  // namespace convbert
