#include "train/masking.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/random.h"
#include "nn/dropout.h"

namespace convbert {
namespace {

// Parts of the keys of random numbers.
enum class Question : std::uint64_t { order = 0x6d61736b, fate, word };

struct Asked {
  const RandomPlace& place;
  std::int64_t sequence;
  std::int64_t position;

  std::uint64_t number(Question question) const {
    return nn::random_key({place.seed, place.step, static_cast<std::uint64_t>(question),
                           static_cast<std::uint64_t>(sequence),
                           static_cast<std::uint64_t>(position)});
  }
};

// Positions of the tokens to guess, in rising order.
std::vector<std::int64_t> choose(std::span<const std::int32_t> ids, std::int64_t sequence,
                                 const MaskingRule& rule, const MaskingVocabulary& vocabulary,
                                 const RandomPlace& place) {
  struct Candidate {
    std::uint64_t order;
    std::int64_t position;
    auto operator<=>(const Candidate&) const = default;
  };
  std::vector<Candidate> candidates;
  for (std::int64_t position = 0; position < std::ssize(ids); ++position) {
    const std::int32_t id = ids[static_cast<std::size_t>(position)];
    if (std::ranges::find(vocabulary.special, id) != vocabulary.special.end()) continue;
    candidates.push_back({Asked{place, sequence, position}.number(Question::order), position});
  }
  if (candidates.empty()) return {};
  const auto wanted = std::clamp<std::int64_t>(
      std::llround(rule.share * static_cast<double>(candidates.size())), 1, std::ssize(candidates));
  std::ranges::nth_element(candidates, candidates.begin() + wanted - 1);
  std::vector<std::int64_t> positions;
  for (std::int64_t i = 0; i < wanted; ++i) {
    positions.push_back(candidates[static_cast<std::size_t>(i)].position);
  }
  std::ranges::sort(positions);
  return positions;
}

}  // namespace

MaskedBatch mask_tokens(const Batch& batch, const MaskingRule& rule,
                        const MaskingVocabulary& vocabulary, const RandomPlace& place) {
  MaskedBatch masked{.training = {.batch = batch}, .words = {}};
  std::vector<std::int32_t>& seen = masked.training.batch.ids;
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
    const auto first = static_cast<std::size_t>(batch.start(s));
    const auto ids = std::span(batch.ids).subspan(first, static_cast<std::size_t>(batch.length(s)));
    for (const std::int64_t position : choose(ids, s, rule, vocabulary, place)) {
      const std::size_t token = first + static_cast<std::size_t>(position);
      masked.training.rows.push_back(static_cast<std::int64_t>(token));
      masked.words.push_back(batch.ids[token]);
      const Asked asked{place, s, position};
      const double fate = uniform(asked.number(Question::fate));
      if (fate < rule.as_mask) {
        seen[token] = vocabulary.mask;
      } else if (fate < rule.as_mask + rule.as_random) {
        seen[token] = static_cast<std::int32_t>(
            below(static_cast<std::uint64_t>(vocabulary.size), asked.number(Question::word)));
      }
    }
  }
  return masked;
}

ReplacedBatch replace_tokens(const Batch& original, const MaskedBatch& masked,
                             std::span<const std::int32_t> drawn) {
  if (drawn.size() != masked.words.size() || masked.words.size() != masked.training.rows.size()) {
    throw Error(ErrorKind::internal, concat("replace_tokens: ", drawn.size(), " words for ",
                                            masked.training.rows.size(), " rows"));
  }
  ReplacedBatch replaced{.training = {.batch = original}, .targets = {}};
  replaced.training.rows.resize(original.ids.size());
  std::iota(replaced.training.rows.begin(), replaced.training.rows.end(), 0);
  replaced.targets.resize(original.ids.size());
  for (std::size_t row = 0; row < drawn.size(); ++row) {
    const auto token = static_cast<std::size_t>(masked.training.rows[row]);
    replaced.training.batch.ids[token] = drawn[row];
    replaced.targets[token] = drawn[row] == masked.words[row] ? 0.0f : 1.0f;
  }
  return replaced;
}

}  // namespace convbert
