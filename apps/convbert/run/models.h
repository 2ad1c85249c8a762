// From what a user calls a model to its files.
#pragma once

#include <string>

#include "core/model_files.h"
#include "model/sentence_config.h"
#include "text/tokenizer.h"

namespace convbert::app {

// `name` is a checkpoint directory, an embedded model, or a name in the local Hugging Face cache
// ("org/model"), looked for in that order; "" is CONVBERT_MODEL, else the embedded default.
// Throws Error(usage) naming `flag`, which the name came from, and saying where it looked and what
// is there.
ModelFiles find_model(const std::string& name, const std::string& flag = "--model");

// A model's files, and what they say of vectors. `files` is the folder of config.json, which in a
// sentence-transformers directory may lie below the top.
struct ModelSource {
  ModelFiles files;
  SentenceConfig sentence;
};
ModelSource open_model_source(const std::string& name, const std::string& flag = "--model");

// The tokenizer of a model; lower-casing where its sentence configuration asks for it.
Tokenizer open_tokenizer(const ModelSource& source);

}  // namespace convbert::app
