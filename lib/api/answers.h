// From a question answering head's logits to answers.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
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

// The best answers to a question, of the windows of its context (text/windows.h) one after another.
//
// In each window start and end are a softmax over the context's tokens, and [CLS] where an answer
// may be empty; the score of no answer is the least over the windows, as in Hugging Face's
// pipeline. Answers fall by score, of equal ones the first in the text comes first; one that lies
// in two windows counts once, with its better score. The pipeline's order holds for these, too: the
// best spans of tokens are taken first, then made whole words, so that there may be fewer than
// `count`, although the context has more.
class BestAnswers {
 public:
  // The tokenizer must outlive it.
  BestAnswers(const Tokenizer& tokenizer, const AnswerOptions& options)
      : tokenizer_(tokenizer), options_(options) {}

  // logits: [tokens of the window, {start, end}]
  void add(const Encoding& window, ConstMatrixView logits);
  std::vector<Answer> list() const;

 private:
  std::vector<Answer> best_that_are_there() const;
  void forget_all_but_the_best();

  const Tokenizer& tokenizer_;
  AnswerOptions options_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, float> scores_;  // by range
  float empty_ = 1.0F;                                               // of no answer
};

}  // namespace convbert
