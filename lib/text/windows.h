// A text too long for a model, as sequences that overlap.
#pragma once

#include <cstdint>
#include <vector>

#include "text/encoding.h"

namespace convbert {

struct WindowOptions {
  std::int64_t max_length;  // tokens of a sequence, special tokens included
  std::int64_t overlap;     // tokens that a window shares with the one before it
};

// `whole`, which nothing was cut from, as it is where it is short enough; else one sequence a
// window: the text, or the second of a pair, in pieces, with special tokens and the first text
// repeated around each, as Hugging Face's return_overflowing_tokens with a stride gives them.
// Throws Error(input) where a window has no room for more than its overlap.
std::vector<Encoding> windows_of(Encoding whole, const WindowOptions& options);

}  // namespace convbert
