#include "api/answers.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>

namespace convbert {
namespace {

// A window's context: its tokens' places, probabilities, and words.
struct Context {
  std::vector<std::size_t> tokens;  // places in the window
  std::vector<double> start;        // one a token
  std::vector<double> end;
  double empty = 0.0;  // the score of no answer
};

// Softmax over the chosen rows of a column.
std::vector<double> softmax(ConstMatrixView logits, std::int64_t column,
                            std::span<const std::size_t> rows) {
  std::vector<double> values;
  double largest = -std::numeric_limits<double>::infinity();
  for (const std::size_t row : rows) {
    values.push_back(logits.row(static_cast<std::int64_t>(row))[column]);
    largest = std::max(largest, values.back());
  }
  double sum = 0.0;
  for (double& value : values) sum += value = std::exp(value - largest);
  for (double& value : values) value /= sum;
  return values;
}

Context context_of(const Encoding& window, ConstMatrixView logits, bool may_be_empty) {
  Context context;
  for (std::size_t i = 0; i < window.size(); ++i) {
    if (window.special_mask[i] == 0 && window.sequence[i] == 1) context.tokens.push_back(i);
  }
  std::vector<std::size_t> rows = context.tokens;
  if (may_be_empty) rows.push_back(0);  // [CLS]
  context.start = softmax(logits, 0, rows);
  context.end = softmax(logits, 1, rows);
  if (may_be_empty) {
    context.empty = context.start.back() * context.end.back();
    context.start.pop_back();
    context.end.pop_back();
  }
  return context;
}

// Of tokens, by their places in the context.
struct Span {
  double score;
  std::size_t first;
  std::size_t last;
};

// Few are kept, of many.
std::vector<Span> best_spans(const Context& context, const AnswerOptions& options) {
  const auto is_better = [](const Span& a, const Span& b) {
    return std::tuple(-a.score, a.first, a.last) < std::tuple(-b.score, b.first, b.last);
  };
  std::vector<Span> spans;  // a heap, the worst on top
  for (std::size_t first = 0; first < context.tokens.size(); ++first) {
    const std::size_t end =
        std::min(context.tokens.size(), first + static_cast<std::size_t>(options.most_tokens));
    for (std::size_t last = first; last < end; ++last) {
      const Span span{context.start[first] * context.end[last], first, last};
      if (spans.size() == options.count && !is_better(span, spans.front())) continue;
      spans.push_back(span);
      std::ranges::push_heap(spans, is_better);
      if (spans.size() <= options.count) continue;
      std::ranges::pop_heap(spans, is_better);
      spans.pop_back();
    }
  }
  return spans;
}

// The text from the beginning of the first token's word to the end of the last one's.
Offsets whole_words(const Tokenizer& tokenizer, const Encoding& window, const Context& context,
                    std::size_t first, std::size_t last) {
  const auto is_further = [&](std::size_t i) {
    return tokenizer.continuation_of(tokenizer.token(window.ids[context.tokens[i]])) > 0;
  };
  while (first > 0 && is_further(first)) --first;
  while (last + 1 < context.tokens.size() && is_further(last + 1)) ++last;
  return {window.offsets[context.tokens[first]].begin, window.offsets[context.tokens[last]].end};
}

}  // namespace

void BestAnswers::add(const Encoding& window, ConstMatrixView logits) {
  const Context context = context_of(window, logits, options_.may_be_empty);
  if (options_.may_be_empty) empty_ = std::min(empty_, static_cast<float>(context.empty));
  for (const Span& span : best_spans(context, options_)) {
    const Offsets range = whole_words(tokenizer_, window, context, span.first, span.last);
    float& score = scores_[{range.begin, range.end}];
    score = std::max(score, static_cast<float>(span.score));
  }
  if (scores_.size() > 2 * options_.count) forget_all_but_the_best();
}

std::vector<Answer> BestAnswers::list() const {
  std::vector<Answer> answers = best_that_are_there();
  if (!options_.may_be_empty) return answers;
  // Behind those that are as good.
  const auto place =
      std::ranges::upper_bound(answers, empty_, std::ranges::greater{}, &Answer::score);
  answers.insert(place, {empty_, {0, 0}});
  if (answers.size() > options_.count) answers.pop_back();
  return answers;
}

std::vector<Answer> BestAnswers::best_that_are_there() const {
  std::vector<Answer> answers;
  for (const auto& [range, score] : scores_)
    answers.push_back({score, {range.first, range.second}});
  std::ranges::stable_sort(answers, std::ranges::greater{}, &Answer::score);
  if (answers.size() > options_.count) answers.resize(options_.count);
  return answers;
}

// Scores only rise: what is not among the best now must come again to be, and brings its score.
void BestAnswers::forget_all_but_the_best() {
  const std::vector<Answer> best = best_that_are_there();
  scores_.clear();
  for (const auto& [score, range] : best) scores_.emplace(std::pair(range.begin, range.end), score);
}

}  // namespace convbert
