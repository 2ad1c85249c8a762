// From a question answering head's logits to answers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/tensor.h"
#include "text/encoding.h"
#include "text/tokenizer.h"

namespace convbert {

struct AnswerOptions {
  std::int64_t most_tokens = 15;  // of an answer
  std::size_t count = 1;          // of spans of tokens in a window, and of answers at most
  bool may_be_empty = false;      // may the answer be that there is none?
};

// Part of the context; {0, 0} for no answer.
struct Answer {
  float score;    // the probability of its start times that of its end
  Offsets range;  // code points of the context, whole words
};

// Of windows of one question and its context, as windows_of() gives them: `logits` are theirs one
// after another, [tokens of all windows, {start, end}].
//
// In each window start and end are a softmax over the context's tokens, and [CLS] where an answer
// may be empty; the score of no answer is the least over the windows, as in Hugging Face's
// pipeline. Answers fall by score, of equal ones the first in the text comes first; one that lies
// in two windows counts once, with its better score. The pipeline's order holds for these, too: the
// best spans of tokens are taken first, then made whole words, so that there may be fewer than
// `count`, although the context has more.
std::vector<Answer> answers_of(const Tokenizer& tokenizer, std::span<const Encoding* const> windows,
                               ConstMatrixView logits, const AnswerOptions& options);

}  // namespace convbert
