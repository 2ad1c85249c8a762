// Word embeddings that begin with what another model knows of the words.
#pragma once

#include <cstdint>
#include <span>

#include "core/tensor.h"
#include "train/parameters.h"

namespace convbert {

// Makes the embeddings of these tokens, rows of [vocab_size, embedding_size], the leading principal
// components of what the other model makes of each token alone. vectors: a row a token, at least
// embedding_size wide, of which the directions count; overwritten. Their mean is taken away first:
// it is what all words share, and tells none from another. Other tokens stay as they are. Returns
// the share of the sum of squares that is kept, 0 where all vectors are the same and nothing is
// done. The same on any number of threads.
double begin_with_word_vectors(Values& words, std::span<const std::int32_t> tokens,
                               MatrixView vectors, int threads);

}  // namespace convbert
