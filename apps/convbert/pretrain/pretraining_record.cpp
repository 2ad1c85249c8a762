#include "pretrain/pretraining_record.h"

#include "cli/table.h"
#include "cli/version.h"
#include "core/json.h"
#include "pretrain/pretraining_figures.h"

namespace convbert::app {
namespace {

OrderedJson figures_of(const Measurement& at, bool has_generator) {
  OrderedJson json{{"step", at.step}, {"tokens", at.tokens}, {"flops", at.flops}};
  for_each_figure(at.figures, has_generator,
                  [&](const char* name, double value) { json[name] = value; });
  return json;
}

OrderedJson settings_of(const PretrainingRecord& record) {
  const PretrainRequest& request = record.request;
  OrderedJson json{{"objective", name_of(request.objective)},
                   {"mask", request.mask},
                   {"packing", request.packing == Packing::full ? "full" : "record"},
                   {"max_length", request.max_length},
                   {"lowercase", request.source.lowercase},
                   {"shuffle", request.shuffle},
                   {"steps", request.steps},
                   {"batch_size", request.batch_size},
                   {"learning_rate", request.learning_rate},
                   {"warmup", request.warmup},
                   {"schedule", name_of(request.schedule)},
                   {"weight_decay", request.weight_decay},
                   {"adam_epsilon", request.adam_epsilon},
                   {"clip", request.clip},
                   {"dropout",
                    {{"hidden", record.plan.described.settings.dropout.hidden},
                     {"attention", record.plan.described.settings.dropout.attention}}},
                   {"precision", nn::name_of(request.record.model.precision)},
                   {"seed", request.seed}};
  if (request.has_generator()) {
    json["generator_size"] = request.generator_size;
    json["discriminator_weight"] = request.discriminator_weight;
  }
  return json;
}

std::string percent(std::int64_t part, std::int64_t all) {
  return concat(fixed(100.0 * share_of(part, all), 1), " %");
}

std::string figures_table(const Measurement& at, bool has_generator) {
  const auto& [loss, words, replaced] = at.figures;
  std::string text =
      concat("| | |\n|---|---|\n| loss of masked words | ", fixed(words.loss, 4),
             " |\n| masked words guessed | ", percent(words.right, words.words), " |\n");
  if (!has_generator) return text;
  return text + concat("| loss of replaced words | ", fixed(replaced.loss, 4),
                       " |\n| the same of who knows only how many there are | ",
                       fixed(loss_of_ignorance(replaced), 4),
                       " |\n| replaced words ranked above others (AUC) | ", fixed(replaced.auc, 4),
                       " |\n| words told rightly to be replaced or not | ",
                       percent(replaced.right, replaced.tokens), " |\n| of all words replaced | ",
                       percent(replaced.replaced, replaced.tokens), " |\n| of these found | ",
                       percent(replaced.found, replaced.replaced), " |\n");
}

}  // namespace

std::string pretraining_json(const PretrainingRecord& record) {
  const PretrainRequest& request = record.request;
  const PretrainingRun& run = record.run;
  OrderedJson json{{"convbert", kVersion},
                   {"config", request.source.config},
                   {"vocab", request.source.vocab},
                   {"train",
                    {{"files", request.record.input.source.paths},
                     {"documents", run.place.documents},
                     {"passes", run.place.epoch + 1}}},
                   {"held_out", {{"sequences", record.held_out.sequences()}}},
                   {"bad_records", run.place.bad_records},
                   {"settings", settings_of(record)},
                   {"parameters", record.parameters},
                   {"steps", run.steps},
                   {"tokens", run.tokens},
                   {"flops", run.flops}};
  if (request.held_out.source.paths.empty()) {
    json["held_out"]["share"] = request.held_out_share;
  } else {
    json["held_out"]["files"] = request.held_out.source.paths;
  }
  json["held_out"]["figures"] = OrderedJson::array();
  for (const Measurement& at : run.measurements) {
    json["held_out"]["figures"].push_back(figures_of(at, request.has_generator()));
  }
  json["curve"] = OrderedJson::array();
  for (const CurvePoint& point : run.curve.points) {
    json["curve"].push_back(
        {{"step", point.step}, {"loss", point.loss}, {"learning_rate", point.learning_rate}});
  }
  return file_text(json);
}

std::string pretraining_card(const PretrainingRecord& record) {
  const PretrainRequest& request = record.request;
  const PretrainingRun& run = record.run;
  const ModelConfig& config = record.plan.model.config;
  std::string text = concat(
      "# ", printable(request.directory), "\n\nPre-trained from new weights by convbert ", kVersion,
      " (`--objective ", name_of(request.objective), "`): ", name_of(config.family), ", ",
      config.layers, " layers of ", config.hidden_size, ", ", grouped(record.parameters),
      " parameters, ", grouped(config.vocab_size), " tokens",
      request.source.lowercase ? ", of lower-cased text" : "", ".\n\n## Figures\n\n");
  if (run.measurements.empty()) {
    text += "Nothing was measured on text that it did not learn from.\n";
  } else {
    text += concat("On ", grouped(record.held_out.sequences()),
                   " sequences that it did not learn from, after ",
                   grouped(run.measurements.back().step), " steps:\n\n",
                   figures_table(run.measurements.back(), request.has_generator()));
  }
  text += concat("\n## Settings\n\n", grouped(run.steps), " steps of ", request.batch_size,
                 " sequences of up to ", request.max_length, " tokens: ", grouped(run.tokens),
                 " tokens in ", run.place.epoch + 1, " passes, ", formatted(run.flops, "%.3g"),
                 " floating-point operations. Learning rate ", request.learning_rate, " with ",
                 name_of(request.schedule), " schedule and a warm-up of ", request.warmup,
                 "; AdamW, weight decay ", request.weight_decay, "; seed ", request.seed,
                 ". All settings and the curve are in training.json.\n");
  text += "\n## Use\n\n```bash\nconvbert train -m DIR reviews.jsonl -o my-model\n";
  text += request.has_generator() ? "convbert detect -m DIR texts.jsonl\n"
                                  : "convbert fill-mask -m DIR -t \"a text with one [MASK]\"\n";
  return text + "```\n";
}

}  // namespace convbert::app
