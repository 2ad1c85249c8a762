#include <algorithm>
#include <numeric>
#include <optional>

#include "commands/commands.h"
#include "core/error.h"
#include "io/json_text.h"
#include "nn/compute.h"
#include "run/model_run.h"
#include "run/record_command.h"

namespace convbert::app {
namespace {

constexpr float kMultiLabelThreshold = 0.5f;

struct ClassifyOptions {
  RecordOptions record;
  std::int64_t top_k = 0;  // 0: all
  std::optional<float> threshold;
  bool logits = false;
};

class ClassifyCommand : public RecordCommand {
 public:
  ClassifyCommand(const ClassifyOptions& options, LoadedModel loaded)
      : options_(options),
        format_(options.record.output.format),
        loaded_(std::move(loaded)),
        type_(resolve_problem_type(loaded_.model.config, loaded_.model.classifier->labels())),
        labels_(loaded_.model.config.labels) {
    const auto count = static_cast<std::size_t>(loaded_.model.classifier->labels());
    while (labels_.size() < count) labels_.push_back(concat("LABEL_", labels_.size()));
  }

  std::vector<std::string> result_names() const override {
    std::vector<std::string> names{"truncated", "score"};
    if (type_ != ProblemType::regression) names.insert(names.end(), {"label", "scores"});
    if (type_ == ProblemType::multi_label) names.push_back("labels");
    if (options_.logits) names.push_back("logits");
    return names;
  }
  void prepare(Job& job) const override { encode_job(loaded_, job); }

  std::string tsv_header() const override {
    return type_ == ProblemType::regression ? "id\tscore\terror" : "id\tlabel\tscore\terror";
  }
  std::string failed_line(const Job& job) const override {
    if (format_ != "tsv") return "";
    return concat(tsv_cell(id_text(job.record)),
                  type_ == ProblemType::regression ? "\t\t" : "\t\t\t", tsv_cell(job.failure));
  }

  ComputeBatch make_worker(const RecordStyle& style) const override {
    auto workspace = std::make_shared<Workspace>();
    return [this, style, workspace](std::span<Job> jobs, int threads) {
      const nn::ComputeScope scope(threads);
      const Model& model = loaded_.model;
      const PackedJobs packed = pack(jobs);
      const Workspace::Frame frame(*workspace);
      const MatrixView hidden =
          nn::allocate_rows(*workspace, packed.batch.tokens(), model.config.hidden_size);
      const MatrixView logits =
          nn::allocate_rows(*workspace, packed.batch.sequences(), model.classifier->labels());
      model.encoder.forward(packed.batch, model.config.layers, hidden, *workspace);
      model.classifier->forward(packed.batch, hidden, logits, *workspace);
      for (std::int64_t s = 0; s < packed.batch.sequences(); ++s) {
        put(logits.row_span(s), *packed.jobs[static_cast<std::size_t>(s)], style);
      }
    };
  }

 private:
  static std::string tsv_cell(std::string text) {
    std::ranges::replace_if(
        text, [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
    return text;
  }

  void put(std::span<const float> logits, Job& job, const RecordStyle& style) const {
    if (!all_finite(logits)) return fail_not_finite(job);
    std::vector<float> scores(logits.begin(), logits.end());
    to_probabilities(type_, scores);
    // By falling score; of equal ones the first label first.
    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::ranges::greater{},
                             [&](std::size_t label) { return scores[label]; });
    if (format_ == "tsv" || format_ == "text") {
      put_line(scores, order.front(), job);
      return;
    }
    std::string& out = job.output;
    begin_record(out, job.record, style);
    append_truncated(out, job, style);
    if (type_ == ProblemType::regression) {
      append_result_name(out, "score", style);
      append_json_number(out, scores.front());
    } else {
      append_labels(out, scores, order, style);
    }
    if (options_.logits) {
      append_result_name(out, "logits", style);
      append_json_array(out, logits);
    }
    out += '}';
  }

  bool passes(float score) const { return score >= options_.threshold.value_or(0.0f); }

  // A best label below --threshold is no answer.
  void put_line(const std::vector<float>& scores, std::size_t best, Job& job) const {
    const bool is_regression = type_ == ProblemType::regression;
    std::string score;
    append_json_number(score, scores[best]);
    const std::string label = passes(scores[best]) ? tsv_cell(labels_[best]) : "-";
    if (format_ == "text") {
      job.output = is_regression ? score : label;
    } else {
      job.output = concat(tsv_cell(id_text(job.record)), is_regression ? "" : "\t" + label, "\t",
                          score, "\t");
    }
  }

  void append_labels(std::string& out, const std::vector<float>& scores,
                     const std::vector<std::size_t>& order, const RecordStyle& style) const {
    const std::size_t best = order.front();
    append_result_name(out, "label", style);
    passes(scores[best]) ? append_json_string(out, labels_[best]) : void(out += "null");
    append_result_name(out, "score", style);
    append_json_number(out, scores[best]);
    if (type_ == ProblemType::multi_label) append_chosen_labels(out, scores, order, style);

    append_result_name(out, "scores", style);
    out += '{';
    const std::size_t most =
        options_.top_k > 0
            ? std::min<std::size_t>(order.size(), static_cast<std::size_t>(options_.top_k))
            : order.size();
    for (const std::size_t label : std::span(order).first(most)) {
      if (!passes(scores[label])) break;
      if (out.back() != '{') out += ',';
      append_json_string(out, labels_[label]);
      out += ':';
      append_json_number(out, scores[label]);
    }
    out += '}';
  }

  // Several labels may hold at once: those that reach the threshold.
  void append_chosen_labels(std::string& out, const std::vector<float>& scores,
                            const std::vector<std::size_t>& order, const RecordStyle& style) const {
    std::vector<std::string> chosen;
    for (const std::size_t label : order) {
      if (scores[label] >= options_.threshold.value_or(kMultiLabelThreshold)) {
        chosen.push_back(labels_[label]);
      }
    }
    append_result_name(out, "labels", style);
    append_json_array(out, chosen);
  }

  ClassifyOptions options_;
  std::string format_;
  LoadedModel loaded_;
  ProblemType type_;
  std::vector<std::string> labels_;
};

int run(ClassifyOptions& options, Console& console) {
  validate(options.record);
  LoadedModel loaded =
      load_for_records(options.record, ModelParts::encoder_and_classifier, false, console);
  return run_records(options.record, ClassifyCommand(options, std::move(loaded)), console);
}

}  // namespace

void add_classify_command(CLI::App& app, const Choose& choose) {
  constexpr const char* kGroup = "Labels";
  auto options = std::make_shared<ClassifyOptions>();
  CLI::App* command = app.add_subcommand(
      "classify", "A trained head's label and scores for each text, or its value in regression");
  add_record_options(*command, options->record, {"jsonl", "json", "tsv", "text"});
  add_model_options(*command, options->record.model, true);
  command->add_option("--top-k", options->top_k, "Keep the K best of \"scores\"; default: all")
      ->check(CLI::Range(1, 1 << 20).description(""))
      ->group(kGroup)
      ->type_name("K");
  command
      ->add_option("--threshold", options->threshold,
                   "Leave labels below P out of \"scores\"; \"label\" is null when the best is "
                   "below; of several labels, \"labels\" are those that reach P (default 0.5)")
      ->check(CLI::Range(0.0, 1.0).description(""))
      ->group(kGroup)
      ->type_name("P");
  command->add_flag("--logits", options->logits, "Add the head's output before the softmax")
      ->group(kGroup);
  command->callback([options, choose] {
    choose(options->record.console, [options](Console& console) { return run(*options, console); });
  });
}

}  // namespace convbert::app
