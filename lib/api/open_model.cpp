#include "api/open_model.h"

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace convbert {

ModelSource model_source(const ModelFiles& top) {
  SentenceConfig sentence = read_sentence_config(top);
  ModelFiles files =
      sentence.transformer_folder.empty() ? top : top.subdirectory(sentence.transformer_folder);
  std::optional<VectorClassifier> classifier;
  if (!sentence.classifier_folder.empty()) {
    classifier = {top.subdirectory(sentence.classifier_folder), sentence.pooling};
  }
  return {std::move(files), top, std::move(sentence), std::move(classifier)};
}

Tokenizer open_tokenizer(const ModelSource& source) {
  TokenizerSpec spec = read_tokenizer_spec(source.files);
  if (source.sentence.lowercase) {
    // Of the text, before the tokenizer, whose own settings say what becomes of accents.
    spec.normalizer.strip_accents = spec.normalizer.strips_accents();
    spec.normalizer.lowercase = true;
  }
  return Tokenizer(std::move(spec));
}

LoadedModel open_model(const ModelSource& source, LoadOptions load, const LengthOptions& lengths) {
  Tokenizer tokenizer = open_tokenizer(source);
  load.classifier = source.classifier;
  Model model = load_model(source.files, load);
  std::shared_ptr<const VectorDense> dense;
  if (const auto& modules = source.sentence.dense; !modules.empty()) {
    dense = std::make_shared<VectorDense>(source.top, modules, model.config.hidden_size);
  }
  LoadedModel loaded{.model = std::move(model),
                     .tokenizer = std::move(tokenizer),
                     .sentence = source.sentence,
                     .dense = std::move(dense),
                     .encode = {},
                     .files = source.files.opened()};
  check_vocabulary(loaded.tokenizer, loaded.model.config, loaded.model.origin);
  loaded.encode = encode_options(loaded, lengths);
  return loaded;
}

void check_vocabulary(const Tokenizer& tokenizer, const ModelConfig& config,
                      const std::string& origin) {
  const auto tokens = tokenizer.spec().vocab.size();
  if (tokens <= config.vocab_size) return;
  throw Error(ErrorKind::format,
              concat(origin, ": the vocabulary has ", tokens,
                     " tokens, but config.json says \"vocab_size\" ", config.vocab_size));
}

EncodeOptions encode_options(const LoadedModel& loaded, const LengthOptions& lengths) {
  const std::int64_t positions = loaded.model.config.max_positions;
  std::int64_t limit = std::min(positions, loaded.tokenizer.spec().max_length.value_or(positions));
  const bool for_vectors = lengths.for_vectors || !loaded.sentence.classifier_folder.empty();
  if (for_vectors && loaded.sentence.max_length) {
    limit = std::min(limit, *loaded.sentence.max_length);
  }
  if (lengths.max_length) {
    limit = *lengths.max_length;
    const std::int64_t least = loaded.tokenizer.special_tokens(false);
    if (limit < std::max<std::int64_t>(least, 1) || limit > positions) {
      throw Error(ErrorKind::usage, OptionName{"max_length"},
                  concat(": expected ", least, " to ", positions, ", the positions of ",
                         loaded.model.origin, ", found ", limit));
    }
  }
  return {.add_special_tokens = true, .max_length = limit, .truncation = lengths.truncation};
}

Encoding encode(const LoadedModel& loaded, std::string_view text,
                std::optional<std::string_view> pair, const EncodeOptions& options) {
  Encoding encoding = loaded.tokenizer.encode(text, pair, options);
  if (encoding.size() == 0) throw Error(ErrorKind::input, "the text gives no token at all");
  const ModelConfig& config = loaded.model.config;
  if (const auto id = std::ranges::max(encoding.ids); id >= config.vocab_size) {
    throw Error(ErrorKind::input,
                concat("token \"", printable(std::string(loaded.tokenizer.token(id))), "\" has id ",
                       id, ", but the model embeds only ", config.vocab_size, " tokens"));
  }
  if (const auto type = std::ranges::max(encoding.type_ids); type >= config.type_vocab_size) {
    throw Error(ErrorKind::input, concat("a pair needs ", type + 1, " token types, the model has ",
                                         config.type_vocab_size));
  }
  return encoding;
}

}  // namespace convbert
