#include "pretrain/model_plan.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

#include "checkpoint/checkpoint.h"
#include "cli/table.h"
#include "cli/usage_error.h"
#include "core/json.h"
#include "model/load.h"
#include "run/copied_files.h"
#include "run/models.h"

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

// The generator beside a model, which shares its embeddings.
PlannedModel found_generator(const ModelFiles& files, const ModelConfig& model) {
  const ModelConfig config = read_config(files);
  const auto check = [&](const char* key, auto expected, auto found) {
    if (expected == found) return;
    usage_error(files.path_of("config.json"), ": \"", key, "\": expected ", expected,
                ", that of the model whose generator it is, found ", found);
  };
  check("model_type", name_of(model.family), name_of(config.family));
  check("vocab_size", model.vocab_size, config.vocab_size);
  check("embedding_size", model.embedding_size, config.embedding_size);
  check("max_position_embeddings", model.max_positions, config.max_positions);
  check("type_vocab_size", model.type_vocab_size, config.type_vocab_size);
  const FileBytes text = files.open("config.json");
  PlannedModel generator = planned(OrderedJson::parse(text.text()), config, HeadKind::masked_lm);
  generator.files = files;
  return generator;
}

// Before any memory is asked for: of a parameter there are its value, gradient and two moments.
void check_memory(const std::string& origin, const ModelConfig& config) {
  constexpr double kBytes = 16.0;
  double parameters = 0.0;
  EncoderWeights layout = encoder_layout(config);
  for_each_tensor(
      [&](const StoredWeight& weight) {
        parameters +=
            std::accumulate(weight.shape.begin(), weight.shape.end(), 1.0, std::multiplies<>());
      },
      layout);
  const double memory =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE));
  if (kBytes * parameters <= memory) return;
  usage_error(origin, ": a model of ", formatted(parameters / 1e6, "%.0f"),
              " million parameters takes ", formatted(kBytes * parameters / 1e9, "%.1f"),
              " GB to learn, found ", formatted(memory / 1e9, "%.1f"),
              " GB of memory: expected smaller sizes");
}

void check_model(const PretrainRequest& request, const std::string& origin,
                 const ModelConfig& config) {
  check_memory(origin, config);
  if (request.has_generator() &&
      form_of(HeadKind::replaced_token_detection, config.family) == nullptr) {
    usage_error("--objective replaced: expected \"model_type\" electra or convbert in ", origin,
                ", found ", name_of(config.family), "; --objective masked trains it");
  }
  if (request.max_length > config.max_positions) {
    usage_error("--max-length: expected at most ", config.max_positions,
                ", \"max_position_embeddings\" of ", origin, ", found ", request.max_length);
  }
}

HeadKind head_of(const PretrainRequest& request) {
  return request.has_generator() ? HeadKind::replaced_token_detection : HeadKind::masked_lm;
}

ModelPlan plan_new(const PretrainRequest& request) {
  NewModel described = read_new_model(*request.source);
  const std::string origin = printable(request.source->config);
  check_model(request, origin, described.config);
  ModelPlan plan{.origin = origin,
                 .described = {},
                 .base = {},
                 .settings = described.settings,
                 .model = planned(described.json, described.config, head_of(request)),
                 .generator = {}};
  if (request.has_generator()) {
    plan.generator =
        narrowed(described.json, described.config, request.generator_size.value_or(kGeneratorSize));
  }
  plan.described = std::move(described);
  return plan;
}

ModelPlan plan_to_go_on(const PretrainRequest& request) {
  ModelSource base = open_model_source(request.record.model.model);
  const ModelFiles& files = base.files;
  const ModelConfig config = read_config(files);
  check_model(request, files.origin(), config);
  const std::string path = files.path_of("config.json");
  const FileBytes text = files.open("config.json");
  const auto json = OrderedJson::parse(text.text());  // which read_config() has checked
  ModelPlan plan{.origin = files.origin(),
                 .described = {},
                 .base = {},
                 .settings = read_settings(text.text(), path),
                 .model = planned(json, config, head_of(request)),
                 .generator = {}};
  plan.model.files = files;
  if (request.has_generator() && files.contains("generator/config.json")) {
    const ModelFiles generator = files.subdirectory("generator");
    if (request.generator_size) {
      usage_error("--generator-size is for a new generator: ", generator.origin(), " is one");
    }
    plan.generator = found_generator(generator, config);
  } else if (request.has_generator()) {
    plan.generator = narrowed(json, config, request.generator_size.value_or(kGeneratorSize));
  }
  plan.base = std::move(base);
  return plan;
}

// With the head that the objective needs, a new one where there is none.
Parameters first_parameters(const PlannedModel& planned, double deviation, std::uint64_t seed,
                            Console& console) {
  Parameters parameters;
  if (planned.files) {
    const Checkpoint checkpoint = Checkpoint::open(*planned.files);
    const std::vector<HeadKind> heads = WeightBinder(checkpoint, planned.config).heads();
    if (std::ranges::find(heads, planned.head->kind) != heads.end()) {
      return load_parameters(checkpoint, planned.config, planned.head, planned.outputs);
    }
    console.note(concat(planned.files->origin(), " has no head for the objective: a new one"));
    parameters = load_parameters(checkpoint, planned.config);
  } else {
    parameters = new_parameters(planned.config, seed, deviation);
  }
  add_new_head(parameters, planned.config, *planned.head, planned.outputs, seed, deviation);
  return parameters;
}

}  // namespace

ModelPlan plan_models(const PretrainRequest& request) {
  ModelPlan plan = request.source ? plan_new(request) : plan_to_go_on(request);
  plan.settings.dropout = plan.settings.with_dropout(request.dropout);
  return plan;
}

Tokenizer open_tokenizer(const ModelPlan& plan) {
  if (plan.described) return open_tokenizer(*plan.described);
  if (plan.base->sentence.lowercase) {
    usage_error(plan.origin,
                ": its sentence_bert_config.json lower-cases text, which a model "
                "without it would not; set \"do_lower_case\" in tokenizer_config.json instead");
  }
  Tokenizer tokenizer = open_tokenizer(*plan.base);
  check_vocabulary(tokenizer, plan.model.config, plan.origin);
  for (const std::string_view token : kSpecialTokens) {
    if (!tokenizer.id(token)) {
      usage_error(plan.origin, ": expected the token ", token, ", found none");
    }
  }
  return tokenizer;
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

LearningModel make_model(const ModelPlan& plan, const PlannedModel& planned,
                         const PretrainRequest& request, std::uint64_t seed, Console& console) {
  return {.config = planned.config,
          .options = {.head = planned.head,
                      .dropout = plan.settings.dropout,
                      .precision = request.record.model.precision},
          .parameters = first_parameters(planned, plan.settings.initializer_range, seed, console)};
}

void write_description(const ModelPlan& plan, const PlannedModel& model, const std::string& folder,
                       OutputDirectory& directory) {
  directory.add(folder + "config.json", model.config_text);
  if (plan.base) {
    copy_tokenizer(plan.base->files, folder, directory);
    return;
  }
  directory.add(folder + "vocab.txt", plan.described->vocab_text);
  directory.add(folder + "tokenizer_config.json", plan.described->tokenizer_text);
}

}  // namespace convbert::app
