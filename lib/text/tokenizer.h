// BERT's tokenizer, exactly as Hugging Face's fast tokenizer computes it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model_files.h"
#include "text/added_tokens.h"
#include "text/encoding.h"
#include "text/normalizer.h"
#include "text/vocab.h"
#include "text/wordpiece.h"

namespace convbert {

enum class Truncation {
  longest_first,  // a token at a time from the longer text; of two long texts the first gets less
  only_first,
  only_second,
  error,  // nothing is cut: a text that is too long is an Error(input)
};
std::optional<Truncation> truncation_from_name(std::string_view name);

// A token of the template, or a place for a text: [CLS] A [SEP] B [SEP].
struct TemplatePiece {
  enum class Kind { token, first_text, second_text } kind;
  std::int32_t id;  // of a token
  std::int32_t type_id;
};

// [CLS] A [SEP], and [CLS] A [SEP] B [SEP] with type 1 for B and what follows.
std::vector<TemplatePiece> single_template(std::int32_t cls, std::int32_t sep);
std::vector<TemplatePiece> pair_template(std::int32_t cls, std::int32_t sep);

// Everything that makes a tokenizer, as a model's files say it (see read_tokenizer_spec).
struct TokenizerSpec {
  Vocab vocab;
  NormalizerOptions normalizer;
  WordPieceOptions wordpiece;
  std::string unknown_token = "[UNK]";
  std::vector<AddedToken> added_tokens;
  std::vector<TemplatePiece> single;
  std::vector<TemplatePiece> pair;
  std::optional<std::int64_t> max_length;  // model_max_length, where it is a real limit
};

// Reads vocab.txt with tokenizer_config.json, special_tokens_map.json and added_tokens.json; a
// tokenizer.json beside vocab.txt does not count, as in the reference. Without vocab.txt it is
// tokenizer.json alone, of which tokenizer_config.json may still change case, accents and Chinese
// characters. Throws Error(format) or Error(system) naming the file.
TokenizerSpec read_tokenizer_spec(const ModelFiles& files);

struct EncodeOptions {
  bool add_special_tokens = true;
  std::int64_t max_length = 0;  // tokens with special tokens; 0: no limit
  Truncation truncation = Truncation::longest_first;
};

// Const after construction; threads may share it.
class Tokenizer {
 public:
  explicit Tokenizer(TokenizerSpec spec);
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // The texts must be well-formed UTF-8.
  // Throws Error(input) where the truncation asked for is not possible.
  Encoding encode(std::string_view text, std::optional<std::string_view> pair = std::nullopt,
                  const EncodeOptions& options = {}) const;

  // Tokens to text, as the reference's WordPiece decoder with its clean-up of spaces before
  // punctuation and contractions. Ids that have no token give nothing.
  std::string decode(const std::vector<std::int32_t>& ids, bool skip_special_tokens) const;

  // The token's text; "" for an id that has none.
  std::string_view token(std::int32_t id) const;
  // Bytes at the start of a token's text that only say that it goes on with the word before it,
  // "##"; 0 where a word begins.
  std::size_t continuation_of(std::string_view token) const;
  // Of a token of the vocabulary or an added one.
  std::optional<std::int32_t> id(std::string_view token) const;
  std::vector<std::string> tokens(const Encoding& encoding) const;
  std::int32_t size() const;               // one past the largest id
  int special_tokens(bool is_pair) const;  // that the template adds
  const TokenizerSpec& spec() const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

}  // namespace convbert
