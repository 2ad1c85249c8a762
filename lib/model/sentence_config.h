// How a sentence-transformers directory wants its vectors made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model_files.h"
#include "model/pooling.h"
#include "model/vector_dense.h"

namespace convbert {

// From modules.json (the steps: a transformer, a pooling, maybe dense layers, maybe a
// normalisation), their own config.json, sentence_bert_config.json and
// config_sentence_transformers.json. A directory without modules.json gives the defaults: mean, not
// normalised.
struct SentenceConfig {
  bool found = false;  // is there a modules.json?
  Pooling pooling = Pooling::mean;
  std::vector<DenseModule> dense;  // between the pooling and the normalisation
  bool normalize = false;
  std::optional<std::int64_t> max_length;  // tokens, with special tokens
  bool lowercase = false;                  // texts are lower-cased before the tokenizer
  std::string transformer_folder;          // where the model's own files are; "" for the top
  std::optional<std::int64_t> dim;         // of a text's vector, the first so many numbers
  // Of a Dense module that is the last and has no activation, where config.json names as many
  // labels as it has outputs: these are the labels' logits. The vector is then what the module
  // reads, and `dense` is empty. "": none.
  std::string classifier_folder;
  // What cannot be done here, with the reason; "" if nothing.
  std::string unsupported;         // a step from the tokens' vectors to the text's
  std::string unsupported_prompt;  // what is put before each text
};

// Throws Error(format) for files that are not what they should be.
SentenceConfig read_sentence_config(const ModelFiles& files);

}  // namespace convbert
