#include "pretrain/model_plan.h"

#include <algorithm>
#include <cmath>

#include "cli/usage_error.h"
#include "core/json.h"

namespace convbert::app {
namespace {

PlannedModel planned(const OrderedJson& json, const ModelConfig& config, HeadKind kind) {
  // transformers has no class for ConvBERT with a head for replaced words.
  const bool guesses = kind == HeadKind::masked_lm;
  const std::string_view use = guesses                            ? "ForMaskedLM"
                               : config.family == Family::electra ? "ForPreTraining"
                                                                  : "Model";
  return {.config = config,
          .head = form_of(kind, config.family),
          .outputs = guesses ? config.vocab_size : 1,
          .config_text = complete_config(json, config, use)};
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

void check_model(const PretrainRequest& request, const ModelConfig& config) {
  if (request.has_generator() &&
      form_of(HeadKind::replaced_token_detection, config.family) == nullptr) {
    usage_error("--objective replaced: expected \"model_type\" electra or convbert in ",
                printable(request.source.config), ", found ", name_of(config.family),
                "; --objective masked trains it");
  }
  if (request.max_length > config.max_positions) {
    usage_error("--max-length: expected at most ", config.max_positions,
                ", \"max_position_embeddings\" of ", printable(request.source.config), ", found ",
                request.max_length);
  }
}

}  // namespace

ModelPlan plan_models(const PretrainRequest& request) {
  NewModel described = read_new_model(request.source);
  check_model(request, described.config);
  described.settings.dropout = described.settings.with_dropout(request.dropout);
  ModelPlan plan{.described = described,
                 .model = planned(described.json, described.config,
                                  request.has_generator() ? HeadKind::replaced_token_detection
                                                          : HeadKind::masked_lm),
                 .generator = {}};
  if (request.has_generator()) {
    plan.generator = narrowed(described.json, described.config, request.generator_size);
  }
  return plan;
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
  directory.add(folder + "vocab.txt", plan.described.vocab_text);
  directory.add(folder + "tokenizer_config.json", plan.described.tokenizer_text);
}

}  // namespace convbert::app
