// A text too long for a model, as sequences that overlap.
#pragma once

#include <cstddef>
#include <cstdint>

#include "text/encoding.h"

namespace convbert {

struct WindowOptions {
  std::int64_t max_length;  // tokens of a sequence, special tokens included
  std::int64_t overlap;     // tokens that a window shares with the one before it
};

// Where an encoding is cut. A window is made when it is asked for: all of them together may be
// larger than the text by any factor, with a long overlap or much that is repeated around each.
class Windows {
 public:
  // One: the text as it is.
  Windows() = default;
  // Of `whole`, which nothing was cut from: one where it is short enough; else the text, or the
  // second of a pair, in pieces, with special tokens and the first text repeated around each, as
  // Hugging Face's return_overflowing_tokens with a stride gives them.
  // Throws Error(input) where a window has no room for more than its overlap.
  Windows(const Encoding& whole, const WindowOptions& options);

  std::size_t size() const { return size_; }

  // `whole` is the encoding that was given above, or any where there is but one window.
  Encoding cut(const Encoding& whole, std::size_t window) const;
  // Of all windows.
  std::int64_t tokens(const Encoding& whole) const;

 private:
  // Tokens of `whole`.
  struct Span {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  static Span last_text(const Encoding& whole);

  std::size_t size_ = 1;
  Span text_;             // that is cut
  std::size_t room_ = 0;  // for it in a window
  std::size_t step_ = 0;  // from a window's piece to the next one's
};

}  // namespace convbert
