// Files of a model that go into another directory as they are.
#pragma once

#include <string>

#include "core/model_files.h"
#include "io/output_directory.h"
#include "model/sentence_config.h"

namespace convbert::app {

// Where there is such a file; prefix: "" or "folder/".
void copy_file(const ModelFiles& files, const std::string& name, const std::string& prefix,
               OutputDirectory& directory);
// Vocabulary, special tokens and settings of the tokenizer.
void copy_tokenizer(const ModelFiles& files, const std::string& prefix, OutputDirectory& directory);
// The folders of a sentence-transformers model's steps, save the transformer's own.
void copy_sentence_steps(const ModelFiles& top, const SentenceConfig& sentence,
                         OutputDirectory& directory);

}  // namespace convbert::app
