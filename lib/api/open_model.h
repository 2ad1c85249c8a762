// A model and its tokenizer, opened together and checked against each other.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model_files.h"
#include "model/model.h"
#include "model/sentence_config.h"
#include "model/vector_dense.h"
#include "text/encoding.h"
#include "text/tokenizer.h"

namespace convbert {

// A model's files, and what they say of vectors. `files` is the folder of config.json, which in a
// sentence-transformers directory may lie below the top.
struct ModelSource {
  ModelFiles files;
  ModelFiles top;  // the folder that a user names, that of modules.json
  SentenceConfig sentence;
  std::optional<VectorClassifier> classifier;  // that this directory has
};

// top: the folder that a user names. Throws Error(format) as read_sentence_config() does.
ModelSource model_source(const ModelFiles& top);

// The tokenizer of a model; lower-casing where its sentence configuration asks for it.
// Throws as read_tokenizer_spec() does.
Tokenizer open_tokenizer(const ModelSource& source);

// How long a text may be.
struct LengthOptions {
  std::optional<std::int64_t>
      max_length{};  // tokens, with special tokens; none: what the model says
  Truncation truncation = Truncation::longest_first;
  bool for_vectors = false;  // the limit of the sentence configuration counts, too
};

// Owns all; const while it runs, and threads may share it.
struct LoadedModel {
  Model model;
  Tokenizer tokenizer;
  SentenceConfig sentence;
  std::shared_ptr<const VectorDense> dense;  // of sentence.dense; null where there are none
  EncodeOptions encode;                      // with the limit that holds
  std::vector<std::string> files;            // that all of this was read from
};

// load.classifier is the source's. Throws what load_model(), open_tokenizer() and
// check_vocabulary() throw; Error(usage) as encode_options() does.
LoadedModel open_model(const ModelSource& source, LoadOptions load,
                       const LengthOptions& lengths = {});

// Throws Error(format), which begins with `origin`, for a vocabulary that has more tokens than the
// model embeds.
void check_vocabulary(const Tokenizer& tokenizer, const ModelConfig& config,
                      const std::string& origin);

// The least of the model's positions, its tokenizer's limit and, for vectors, which a classifier of
// them reads, too, its sentence configuration's, unless `lengths` has a limit of its own. Throws
// Error(usage) that begins with "max_length:" for one that leaves no room for special tokens, or
// beyond the model's positions.
EncodeOptions encode_options(const LoadedModel& loaded, const LengthOptions& lengths);

// Tokens as the model can take them. The texts must be well-formed UTF-8. Throws Error(input) for
// what gives no token, or a token or a token type that the model has no embedding for.
Encoding encode(const LoadedModel& loaded, std::string_view text,
                std::optional<std::string_view> pair, const EncodeOptions& options);

}  // namespace convbert
