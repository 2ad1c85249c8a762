#include "train/new_model.h"

#include <algorithm>
#include <span>

#include "cli/usage_error.h"
#include "core/mapped_file.h"
#include "train/model_tensors.h"

namespace convbert::app {
namespace {

std::string read_text(const std::string& path) {
  const FileBytes file{MappedFile(path)};
  std::string text(file.text());
  file.check();
  return text;
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

void check_vocabulary(const NewModelSource& source, const NewModel& model) {
  const Vocab vocab = Vocab::from_lines(model.vocab_text, printable(source.vocab));
  for (const std::string_view token : kSpecialTokens) {
    if (vocab.find(token)) continue;
    usage_error(printable(source.vocab), ": expected the token ", token,
                ", found none; `convbert vocab` writes it");
  }
  if (!model.json.contains("vocab_size")) {
    usage_error(printable(source.config), ": \"vocab_size\" is missing: expected ", vocab.size(),
                ", the tokens of ", printable(source.vocab));
  }
  if (model.config.vocab_size != vocab.size()) {
    usage_error(printable(source.config), ": \"vocab_size\": expected ", vocab.size(),
                ", the tokens of ", printable(source.vocab), ", found ", model.config.vocab_size);
  }
}

std::string tokenizer_text(bool lowercase, const ModelConfig& config) {
  const OrderedJson json{{"tokenizer_class", "BertTokenizer"},
                         {"do_lower_case", lowercase},
                         {"strip_accents", nullptr},
                         {"tokenize_chinese_chars", true},
                         {"model_max_length", config.max_positions},
                         {"cls_token", "[CLS]"},
                         {"sep_token", "[SEP]"},
                         {"pad_token", "[PAD]"},
                         {"mask_token", "[MASK]"},
                         {"unk_token", "[UNK]"}};
  return json.dump(2) + "\n";
}

bool has_capitals(const Tokenizer& tokenizer) {
  bool found = false;
  tokenizer.spec().vocab.for_each([&](std::string_view token, std::int32_t) {
    const bool is_special = token.starts_with('[') && token.ends_with(']');
    found = found || (!is_special &&
                      std::ranges::any_of(token, [](char c) { return c >= 'A' && c <= 'Z'; }));
  });
  return found;
}

}  // namespace

void add_new_model_flags(FlagGroup& group, NewModelSource& source) {
  group
      .add("--config", source.config, "FILE",
           "config.json of the model to make: model_type convbert, electra or bert; vocab_size and "
           "sizes; what it does not say is transformers' default")
      .not_empty();
  group.add("--vocab", source.vocab, "FILE", "vocab.txt, a WordPiece token a line").not_empty();
  group.add_flag("--lowercase", source.lowercase,
                 "Text is lower-cased and loses its accents first, here and later");
}

NewModel read_new_model(const NewModelSource& source) {
  const std::string text = read_text(source.config);
  const ModelConfig config = parse_config(text, printable(source.config));
  NewModel model{.json = OrderedJson::parse(text),
                 .config = config,
                 .settings = read_settings(text, printable(source.config)),
                 .vocab_text = read_text(source.vocab),
                 .tokenizer_text = tokenizer_text(source.lowercase, config)};
  check_vocabulary(source, model);
  return model;
}

std::string complete_config(OrderedJson json, const ModelConfig& config, std::string_view use) {
  const auto fill = [&](const char* key, const OrderedJson& value) {
    if (!json.contains(key) || json[key].is_null()) json[key] = value;
  };
  const std::string activation(nn::name_of(config.activation));
  name_architecture(config.family, use, json);
  fill("vocab_size", config.vocab_size);
  if (config.family != Family::bert) fill("embedding_size", config.embedding_size);
  fill("hidden_size", config.hidden_size);
  fill("num_hidden_layers", config.layers);
  fill("num_attention_heads", usual_heads(config.family));
  fill("intermediate_size", config.intermediate_size);
  fill("hidden_act", activation);
  if (config.convolution) {
    fill("head_ratio", config.convolution->head_ratio);
    fill("conv_kernel_size", config.convolution->kernel_size);
    fill("num_groups", config.groups);
    fill("conv_type", name_of(config.convolution->kind));
  }
  fill("hidden_dropout_prob", 0.1);
  fill("attention_probs_dropout_prob", 0.1);
  fill("max_position_embeddings", config.max_positions);
  fill("type_vocab_size", config.type_vocab_size);
  fill("initializer_range", kUsualDeviation);
  fill("layer_norm_eps", 1e-12);
  fill("pad_token_id", 0);
  fill("tie_word_embeddings", config.ties_words);
  return file_text(json);
}

Tokenizer open_tokenizer(const NewModel& model) {
  const std::array files{EmbeddedFile{"vocab.txt", bytes_of(model.vocab_text)},
                         EmbeddedFile{"tokenizer_config.json", bytes_of(model.tokenizer_text)}};
  return Tokenizer(read_tokenizer_spec(ModelFiles::embedded("--vocab", files)));
}

void warn_of_case(const NewModelSource& source, const Tokenizer& tokenizer, Console& console) {
  if (source.lowercase || has_capitals(tokenizer)) return;
  console.warning(concat(printable(source.vocab), " has no capital letter; give --lowercase ",
                         "unless the text has none either"));
}

NewModelFiles::NewModelFiles(const NewModel& model, const Parameters& parameters,
                             const std::string& origin)
    : origin_(origin),
      config_(complete_config(model.json, model.config, "Model")),
      vocab_(model.vocab_text),
      tokenizer_(model.tokenizer_text) {
  write_tensors(parameters, model.config.family, [&](std::span<const std::byte> bytes) {
    weights_.insert(weights_.end(), bytes.begin(), bytes.end());
  });
  files_ = {EmbeddedFile{"config.json", bytes_of(config_)},
            {"vocab.txt", bytes_of(vocab_)},
            {"tokenizer_config.json", bytes_of(tokenizer_)},
            {"model.safetensors", weights_}};
}

}  // namespace convbert::app
