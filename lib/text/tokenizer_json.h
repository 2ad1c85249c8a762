// tokenizer.json of the tokenizers library, as far as BERT's tokenizer goes: a BertNormalizer, the
// BertPreTokenizer, a WordPiece model, and a TemplateProcessing or BertProcessing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace convbert {

// Throws Error(format) naming `source` and the part that is another than those.
TokenizerSpec parse_tokenizer_json(std::string_view text, const std::string& source);

// Its "added_tokens" alone, whatever else it holds.
std::vector<AddedToken> parse_added_tokens(std::string_view text, const std::string& source);

}  // namespace convbert
