#include "api/entities.h"

#include <algorithm>
#include <utility>

#include "core/utf8.h"
#include "model/head.h"

namespace convbert {
namespace {

constexpr std::string_view kOutside = "O";

// A token, or a word of several.
struct Tagged {
  std::size_t label;
  float score;
  Offsets range;
};

std::size_t best_of(std::span<const float> scores) {
  return static_cast<std::size_t>(std::ranges::max_element(scores) - scores.begin());
}

// Pieces of one word, the first of which begins it.
Tagged word_of(std::span<const TaggedToken> pieces, Aggregation aggregation) {
  std::vector<float> scores = pieces.front().scores;
  if (aggregation == Aggregation::max) {
    const auto surest = std::ranges::max_element(
        pieces, {}, [](const TaggedToken& piece) { return std::ranges::max(piece.scores); });
    scores = surest->scores;
  } else if (aggregation == Aggregation::average) {
    for (const TaggedToken& piece : pieces.subspan(1)) {
      for (std::size_t label = 0; label < scores.size(); ++label) {
        scores[label] += piece.scores[label];
      }
    }
    for (float& score : scores) score /= static_cast<float>(pieces.size());
  }
  const std::size_t label = best_of(scores);
  return {label, scores[label], {pieces.front().range.begin, pieces.back().range.end}};
}

// Calls visit(pieces) for each word. A first token that continues one begins a word all the same.
template <class Visit>
void for_each_word(std::span<const TaggedToken> tokens, Visit visit) {
  for (std::size_t begin = 0; begin < tokens.size();) {
    std::size_t end = begin + 1;
    while (end < tokens.size() && tokens[end].is_further) ++end;
    visit(tokens.subspan(begin, end - begin));
    begin = end;
  }
}

// "B-PER" is {"B", "PER"}; a name without such a prefix goes on with what it follows, as "I-" does.
std::pair<char, std::string_view> split_label(std::string_view name) {
  if (name.starts_with("B-") || name.starts_with("I-")) return {name[0], name.substr(2)};
  return {'I', name};
}

// The name of a group is that of its first label behind the first '-'.
std::string group_name(const std::string& label) {
  const std::size_t dash = label.find('-');
  return dash == std::string::npos ? label : label.substr(dash + 1);
}

std::vector<Entity> group(std::span<const Tagged> parts, std::span<const std::string> labels) {
  std::vector<Entity> entities;
  std::string_view last_tag;
  std::size_t members = 0;
  const auto close = [&] {
    if (members > 0) entities.back().score /= static_cast<float>(members);
  };
  for (const Tagged& part : parts) {
    const std::string& label = labels[part.label];
    const auto [prefix, tag] = split_label(label);
    if (members > 0 && tag == last_tag && prefix != 'B') {
      entities.back().score += part.score;
      entities.back().range.end = part.range.end;
      ++members;
    } else {
      close();
      entities.push_back({group_name(label), part.score, 0, part.range});
      members = 1;
    }
    last_tag = tag;
  }
  close();
  return entities;
}

}  // namespace

std::optional<Aggregation> aggregation_from_name(std::string_view name) {
  if (name == "none") return Aggregation::none;
  if (name == "simple") return Aggregation::simple;
  if (name == "first") return Aggregation::first;
  if (name == "average") return Aggregation::average;
  if (name == "max") return Aggregation::max;
  return std::nullopt;
}

std::vector<TaggedToken> tagged_tokens(const Tokenizer& tokenizer, const Encoding& encoding,
                                       ConstMatrixView logits) {
  const std::optional<std::int32_t> unknown =
      tokenizer.spec().vocab.find(tokenizer.spec().unknown_token);
  std::vector<TaggedToken> tokens;
  for (std::size_t i = 0; i < encoding.size(); ++i) {
    if (encoding.special_mask[i] != 0 || encoding.sequence[i] != 0) continue;
    const Offsets range = encoding.offsets[i];
    // As the reference tells pieces apart: what is written with "##" is longer than its text.
    const std::size_t length = count_code_points(tokenizer.token(encoding.ids[i]));
    const bool is_further = length != range.end - range.begin && encoding.ids[i] != unknown;
    const auto row = logits.row_span(static_cast<std::int64_t>(i));
    std::vector<float> scores(row.begin(), row.end());
    to_probabilities(ProblemType::single_label, scores);
    tokens.push_back({static_cast<std::int64_t>(i), range, is_further, std::move(scores)});
  }
  return tokens;
}

std::vector<Entity> entities_of(std::span<const TaggedToken> tokens,
                                std::span<const std::string> labels, Aggregation aggregation) {
  std::vector<Entity> entities;
  if (aggregation == Aggregation::none) {
    for (const TaggedToken& token : tokens) {
      const std::size_t label = best_of(token.scores);
      entities.push_back({labels[label], token.scores[label], token.index, token.range});
    }
  } else {
    std::vector<Tagged> parts;
    if (aggregation == Aggregation::simple) {
      for (const TaggedToken& token : tokens) {
        parts.push_back(word_of({&token, 1}, Aggregation::first));
      }
    } else {
      for_each_word(tokens, [&](std::span<const TaggedToken> pieces) {
        parts.push_back(word_of(pieces, aggregation));
      });
    }
    entities = group(parts, labels);
  }
  std::erase_if(entities, [](const Entity& entity) { return entity.label == kOutside; });
  return entities;
}

void EntityMerger::add(std::vector<Entity> entities, std::uint32_t begin) {
  merge_before(begin);
  for (Entity& entity : entities) waiting_.emplace(entity.range.begin, std::move(entity));
}

std::vector<Entity> EntityMerger::finish() {
  for (auto& [begin, entity] : waiting_) merge(std::move(entity));
  return std::move(merged_);
}

void EntityMerger::merge_before(std::uint32_t begin) {
  const auto end = waiting_.lower_bound(begin);
  for (auto next = waiting_.begin(); next != end; ++next) merge(std::move(next->second));
  waiting_.erase(waiting_.begin(), end);
}

// In the order of their beginnings, of equal ones in that of the windows.
void EntityMerger::merge(Entity entity) {
  if (merged_.empty() || entity.range.begin >= merged_.back().range.end) {
    merged_.push_back(std::move(entity));
    return;
  }
  Entity& before = merged_.back();
  const auto length = entity.range.end - entity.range.begin;
  const auto length_before = before.range.end - before.range.begin;
  if (length > length_before || (length == length_before && entity.score > before.score)) {
    before = std::move(entity);
  }
}

std::vector<Entity> tagged_words(std::span<const TaggedToken> tokens,
                                 std::span<const std::string> labels) {
  std::vector<Entity> words;
  for_each_word(tokens, [&](std::span<const TaggedToken> pieces) {
    const Tagged word = word_of(pieces, Aggregation::first);
    words.push_back({labels[word.label], word.score, pieces.front().index, word.range});
  });
  return words;
}

}  // namespace convbert
