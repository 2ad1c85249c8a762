// From a batch to the maps of its texts.
#pragma once

#include <cstdint>
#include <vector>

#include "attention/maps.h"
#include "attention/text_maps.h"
#include "core/batch.h"
#include "core/workspace.h"
#include "model/encoder.h"
#include "text/tokenizer.h"

namespace convbert {

// What the maps of a batch are computed from.
struct MapTask {
  MapSelection selection;
  bool with_norms = false;  // of values, too
};

// Runs the encoder as far as the last layer that is selected; one entry a sequence.
std::vector<AttentionMaps> compute_maps(const Encoder& encoder, const Batch& batch,
                                        const MapTask& task, Workspace& workspace);

// The tokens of a text, and which are further pieces of a word.
std::vector<TokenText> tokens_of(const Tokenizer& tokenizer, const Encoding& encoding);

// What a text of so many tokens adds to a batch: maps grow with the square of the length, and so
// must what is in memory at a time.
std::int64_t weight_of_maps(std::int64_t tokens);

}  // namespace convbert
