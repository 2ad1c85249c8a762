#include "pretrain/pretraining_record.h"

#include "cli/table.h"
#include "cli/version.h"
#include "core/json.h"
#include "pretrain/pretraining_figures.h"
#include "train/run_files.h"

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
                    {{"hidden", record.plan.settings.dropout.hidden},
                     {"attention", record.plan.settings.dropout.attention}}},
                   {"precision", nn::name_of(request.record.model.precision)},
                   {"seed", request.seed}};
  if (request.source) json["lowercase"] = request.source->lowercase;
  if (request.has_generator()) {
    json["generator_size"] = request.generator_size.value_or(kGeneratorSize);
    json["discriminator_weight"] = request.discriminator_weight;
  }
  return json;
}

std::string percent(std::int64_t part, std::int64_t all) {
  return concat(fixed(100.0 * share_of(part, all), 1), " %");
}

// The last measurement; of a model that was gone on from, the one before it learnt, too.
std::string figures_table(const std::vector<Measurement>& measured, bool has_generator) {
  const bool has_first = measured.front().step == 0;
  std::string text = has_first ? "| | before | after |\n|---|---|---|\n" : "| | |\n|---|---|\n";
  const auto row = [&](std::string_view name, auto shown) {
    text += concat("| ", name, " | ");
    if (has_first) text += shown(measured.front().figures) + " | ";
    text += shown(measured.back().figures) + " |\n";
  };
  using Figures = PreTrainingFigures;
  row("loss of masked words", [](const Figures& f) { return fixed(f.words.loss, 4); });
  row("masked words guessed",
      [](const Figures& f) { return percent(f.words.right, f.words.words); });
  if (!has_generator) return text;
  row("loss of replaced words", [](const Figures& f) { return fixed(f.replaced.loss, 4); });
  row("the same of who knows only how many there are",
      [](const Figures& f) { return fixed(loss_of_ignorance(f.replaced), 4); });
  row("replaced words ranked above others (AUC)",
      [](const Figures& f) { return fixed(f.replaced.auc, 4); });
  row("words told rightly to be replaced or not",
      [](const Figures& f) { return percent(f.replaced.right, f.replaced.tokens); });
  row("of all words replaced",
      [](const Figures& f) { return percent(f.replaced.replaced, f.replaced.tokens); });
  row("of these found",
      [](const Figures& f) { return percent(f.replaced.found, f.replaced.replaced); });
  return text;
}

}  // namespace

std::string pretraining_json(const PretrainingRecord& record) {
  const PretrainRequest& request = record.request;
  const PretrainingRun& run = record.run;
  OrderedJson json{{"convbert", kVersion},
                   {"command", command_json(request.record.output.options)}};
  if (request.source) {
    json["config"] = request.source->config;
    json["vocab"] = request.source->vocab;
  } else {
    json["model"] = record.plan.origin;
  }
  json.update({{"train",
                {{"files", request.record.input.source.paths},
                 {"documents", run.place.documents},
                 {"passes", run.place.epoch + 1}}},
               {"held_out", {{"sequences", record.held_out.sequences()}}},
               {kBadRecords, record.bad_records},
               {"settings", settings_of(record)},
               {"parameters", record.parameters},
               {"steps", run.steps},
               {"tokens", run.tokens},
               {"flops", run.flops}});
  if (run.diverged_at) json[kDivergedAt] = *run.diverged_at;
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
  std::string text =
      concat("# ", printable(request.directory), "\n\nPre-trained from ",
             request.source ? "new weights" : printable(record.plan.origin), " by convbert ",
             kVersion, " (`--objective ", name_of(request.objective),
             "`): ", name_of(config.family), ", ", config.layers, " layers of ", config.hidden_size,
             ", ", grouped(record.parameters), " parameters, ", grouped(config.vocab_size),
             " tokens", request.source && request.source->lowercase ? ", of lower-cased text" : "",
             ".\n\n## Figures\n\n");
  if (run.measurements.empty()) {
    text += "Nothing was measured on text that it did not learn from.\n";
  } else {
    text += concat("On ", grouped(record.held_out.sequences()),
                   " sequences that it did not learn from, after ",
                   grouped(run.measurements.back().step), " steps:\n\n",
                   figures_table(run.measurements, request.has_generator()));
  }
  text += concat("\n## Settings\n\n", grouped(run.steps), " steps of ", request.batch_size,
                 " sequences of up to ", request.max_length, " tokens: ", grouped(run.tokens),
                 " tokens in ", run.place.epoch + 1, run.place.epoch == 0 ? " pass, " : " passes, ",
                 formatted(run.flops, "%.3g"), " floating-point operations. Learning rate ",
                 request.learning_rate, " with ", name_of(request.schedule),
                 " schedule and a warm-up of ", request.warmup, "; AdamW, weight decay ",
                 request.weight_decay, "; seed ", request.seed, divergence_text(run.diverged_at),
                 ". All settings and the curve are in training.json.\n");
  text += "\n## Use\n\n```bash\nconvbert train -m DIR reviews.jsonl -o my-model\n";
  text += request.has_generator() ? "convbert detect -m DIR texts.jsonl\n"
                                  : "convbert fill-mask -m DIR -t \"a text with one [MASK]\"\n";
  return text + "```\n";
}

}  // namespace convbert::app
