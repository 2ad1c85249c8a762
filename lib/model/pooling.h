// From hidden states of tokens to one vector a text, as sentence-transformers does it.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "core/batch.h"
#include "core/tensor.h"

namespace convbert {

enum class Pooling { mean, cls, max, last };
std::optional<Pooling> pooling_from_name(std::string_view name);
std::string_view name_of(Pooling pooling);

// hidden: all tokens of one text, `[CLS]` and `[SEP]` included, at least one; to: one float a
// column. mean and max are over tokens, cls and last take the first and the last token.
void pool(Pooling pooling, ConstMatrixView hidden, std::span<float> to);

// The same of each sequence of a batch: hidden [batch.tokens(), columns], to
// [batch.sequences(), columns].
void pool_each(Pooling pooling, const Batch& batch, ConstMatrixView hidden, MatrixView to);

// v / max(|v|, 1e-12)
void normalize(std::span<float> vector);

}  // namespace convbert
