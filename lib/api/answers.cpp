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

std::vector<Answer> answers_of(const Tokenizer& tokenizer, std::span<const Encoding* const> windows,
                               ConstMatrixView logits, const AnswerOptions& options) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, double> best;  // by range
  double empty = 1.0;
  std::int64_t row = 0;
  for (const Encoding* at : windows) {
    const Encoding& window = *at;
    const auto count = static_cast<std::int64_t>(window.size());
    const Context context = context_of(window, logits.row_range(row, count), options.may_be_empty);
    row += count;
    if (options.may_be_empty) empty = std::min(empty, context.empty);

    // The best spans of the window; few are kept, of many.
    struct Span {
      double score;
      std::size_t first;
      std::size_t last;
    };
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
    for (const Span& span : spans) {
      const Offsets range = whole_words(tokenizer, window, context, span.first, span.last);
      double& score = best[{range.begin, range.end}];
      score = std::max(score, span.score);
    }
  }
  std::vector<Answer> answers;
  for (const auto& [range, score] : best) {
    answers.push_back({static_cast<float>(score), {range.first, range.second}});
  }
  if (options.may_be_empty) answers.push_back({static_cast<float>(empty), {0, 0}});
  std::ranges::stable_sort(answers, std::ranges::greater{}, &Answer::score);
  if (answers.size() > options.count) answers.resize(options.count);
  return answers;
}

}  // namespace convbert
