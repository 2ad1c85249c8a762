#include "pretrain/model_plan.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "cli/usage_error.h"
#include "core/json.h"
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

std::int64_t usual_heads(Family family) { return family == Family::electra ? 4 : 12; }

// Every key that a model of the family has, those that the file does not say by their defaults.
OrderedJson complete(OrderedJson json, const ModelConfig& config, std::string_view use) {
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
  return json;
}

PlannedModel planned(const OrderedJson& json, const ModelConfig& config, HeadKind kind) {
  // transformers has no class for ConvBERT with a head for replaced words.
  const bool guesses = kind == HeadKind::masked_lm;
  const std::string_view use = guesses                            ? "ForMaskedLM"
                               : config.family == Family::electra ? "ForPreTraining"
                                                                  : "Model";
  return {.config = config,
          .head = form_of(kind, config.family),
          .outputs = guesses ? config.vocab_size : 1,
          .config_text = file_text(complete(json, config, use))};
}

// The same model, narrower: as ELECTRA's authors made its generator, save that the number of heads
// and the inner width keep their shares.
PlannedModel narrowed(OrderedJson json, const ModelConfig& config, double share) {
  const auto part = [&](std::int64_t size) {
    return std::max<std::int64_t>(1, std::llround(share * static_cast<double>(size)));
  };
  const auto heads = json.find("num_attention_heads");
  const bool has_heads = heads != json.end() && heads->is_number_integer();
  json["embedding_size"] = config.embedding_size;
  json["num_attention_heads"] =
      part(has_heads ? heads->get<std::int64_t>() : usual_heads(config.family));
  json["hidden_size"] = part(config.hidden_size);
  json["intermediate_size"] = part(config.intermediate_size);
  const ModelConfig narrow =
      parse_config(json.dump(), concat("the generator of --generator-size ", share));
  return planned(json, narrow, HeadKind::masked_lm);
}

void check_vocabulary(const PretrainRequest& request, const OrderedJson& json,
                      const ModelConfig& config, const Vocab& vocab) {
  for (const char* token : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}) {
    if (vocab.find(token)) continue;
    usage_error(printable(request.vocab), ": expected the token ", token,
                ", found none; `convbert vocab` writes it");
  }
  if (!json.contains("vocab_size")) {
    usage_error(printable(request.config), ": \"vocab_size\" is missing: expected ", vocab.size(),
                ", the tokens of ", printable(request.vocab));
  }
  if (config.vocab_size != vocab.size()) {
    usage_error(printable(request.config), ": \"vocab_size\": expected ", vocab.size(),
                ", the tokens of ", printable(request.vocab), ", found ", config.vocab_size);
  }
}

void check_model(const PretrainRequest& request, const ModelConfig& config) {
  if (request.has_generator() &&
      form_of(HeadKind::replaced_token_detection, config.family) == nullptr) {
    usage_error("--objective replaced: expected \"model_type\" electra or convbert in ",
                printable(request.config), ", found ", name_of(config.family),
                "; --objective masked trains it");
  }
  if (request.max_length > config.max_positions) {
    usage_error("--max-length: expected at most ", config.max_positions,
                ", \"max_position_embeddings\" of ", printable(request.config), ", found ",
                request.max_length);
  }
}

std::string tokenizer_text(const PretrainRequest& request, const ModelConfig& config) {
  const OrderedJson json{{"tokenizer_class", "BertTokenizer"},
                         {"do_lower_case", request.lowercase},
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

}  // namespace

ModelPlan plan_models(const PretrainRequest& request) {
  const std::string text = read_text(request.config);
  const ModelConfig config = parse_config(text, printable(request.config));
  const auto json = OrderedJson::parse(text);
  const std::string vocab_text = read_text(request.vocab);
  check_vocabulary(request, json, config, Vocab::from_lines(vocab_text, printable(request.vocab)));
  check_model(request, config);
  ModelPlan plan{.model = planned(json, config,
                                  request.has_generator() ? HeadKind::replaced_token_detection
                                                          : HeadKind::masked_lm),
                 .generator = {},
                 .settings = read_settings(text, printable(request.config)),
                 .vocab_text = vocab_text,
                 .tokenizer_text = tokenizer_text(request, config)};
  plan.settings.dropout = plan.settings.with_dropout(request.dropout);
  if (request.has_generator()) plan.generator = narrowed(json, config, request.generator_size);
  return plan;
}

Tokenizer open_tokenizer(const ModelPlan& plan) {
  const std::array files{
      EmbeddedFile{"vocab.txt", std::as_bytes(std::span(plan.vocab_text))},
      EmbeddedFile{"tokenizer_config.json", std::as_bytes(std::span(plan.tokenizer_text))}};
  return Tokenizer(read_tokenizer_spec(ModelFiles::embedded("--vocab", files)));
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

PackingOptions packing_of(const PretrainRequest& request, const Tokenizer& tokenizer) {
  return {.packing = request.packing,
          .max_length = request.max_length,
          .cls = tokenizer.id("[CLS]").value(),
          .sep = tokenizer.id("[SEP]").value()};
}

MaskingVocabulary masking_vocabulary(const ModelPlan& plan, const Tokenizer& tokenizer) {
  MaskingVocabulary vocabulary{.size = static_cast<std::int32_t>(plan.model.config.vocab_size),
                               .mask = tokenizer.id("[MASK]").value()};
  for (const char* token : {"[PAD]", "[CLS]", "[SEP]", "[MASK]"}) {
    vocabulary.special.push_back(tokenizer.id(token).value());
  }
  return vocabulary;
}

LearningModel make_model(const PlannedModel& planned, const ModelSettings& settings,
                         const PretrainRequest& request, std::uint64_t seed) {
  Parameters parameters = new_parameters(planned.config, seed, settings.initializer_range);
  add_new_head(parameters, planned.config, *planned.head, planned.outputs, seed,
               settings.initializer_range);
  return {.config = planned.config,
          .options = {.head = planned.head,
                      .dropout = settings.dropout,
                      .precision = request.record.model.precision},
          .parameters = std::move(parameters)};
}

void write_description(const ModelPlan& plan, const PlannedModel& model, const std::string& folder,
                       OutputDirectory& directory) {
  directory.add(folder + "config.json", model.config_text);
  directory.add(folder + "vocab.txt", plan.vocab_text);
  directory.add(folder + "tokenizer_config.json", plan.tokenizer_text);
}

}  // namespace convbert::app
