// Tokens that a model has to guess: which, and what it sees in their places.
//
// BERT (Devlin et al. 2019, section 3.1): of the tokens to guess 80 % become [MASK], 10 % any token
// of the vocabulary, and 10 % stay as they are. ELECTRA's generator (Clark et al. 2020; the
// function mask() of the authors' pretrain_helpers.py): 85 % become [MASK], 15 % stay.
#pragma once

#include <cstdint>
#include <vector>

#include "core/batch.h"
#include "train/trained_model.h"

namespace convbert {

struct MaskingRule {
  double share = 0.15;     // of a sequence's tokens that may be masked: to guess, at least one
  double as_mask = 0.8;    // of these
  double as_random = 0.1;  // likewise; the rest stays
};
inline MaskingRule bert_masking(double share) { return {share, 0.8, 0.1}; }
inline MaskingRule electra_masking(double share) { return {share, 0.85, 0.0}; }

struct MaskingVocabulary {
  std::int32_t size = 0;
  std::int32_t mask = 0;                // the id of [MASK]
  std::vector<std::int32_t> special{};  // ids that are never guessed: [CLS], [SEP], [MASK]
};

struct MaskedBatch {
  TrainingBatch training;           // what the model sees; its rows are the tokens to guess
  std::vector<std::int32_t> words;  // what stood there, one a row
};

// Of each sequence round(share n) of its n tokens that may be masked, at least one where there is
// one, all choices being equally probable. Which, and what becomes of them, is a function of
// place.seed, place.step, the sequence's number in the batch and the token's in the sequence.
MaskedBatch mask_tokens(const Batch& batch, const MaskingRule& rule,
                        const MaskingVocabulary& vocabulary, const RandomPlace& place);

// What a generator makes of a batch, and which of its tokens are no longer the original ones.
struct ReplacedBatch {
  TrainingBatch training;      // its rows are all tokens
  std::vector<float> targets;  // one a token: 1 where it was replaced by another
};
// The original batch with the words that a generator has drawn at the rows of `masked`. A word that
// is the original's counts as original.
ReplacedBatch replace_tokens(const Batch& original, const MaskedBatch& masked,
                             std::span<const std::int32_t> drawn);

}  // namespace convbert
