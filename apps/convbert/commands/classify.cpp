#include <optional>

#include "api/classification.h"
#include "cli/command.h"
#include "cli/flag_group.h"
#include "cli/usage_error.h"
#include "commands/commands.h"
#include "nn/compute.h"
#include "run/encoder_command.h"

namespace convbert::app {
namespace {

constexpr Format kFormats[] = {Format::jsonl, Format::json, Format::csv,
                               Format::tsv,   Format::text, Format::table};
constexpr float kMultiLabelThreshold = 0.5f;

struct ClassifyFlags {
  RecordFlags record;
  std::int64_t top_k = 0;  // 0: all
  std::optional<float> threshold;
  bool logits = false;
};

struct ClassifyRequest {
  RecordRequest record;
  std::int64_t top_k;
  std::optional<float> threshold;
  bool logits;
};

ClassifyRequest make_request(const ClassifyFlags& flags) {
  return {make_request(flags.record, kFormats), flags.top_k, flags.threshold, flags.logits};
}

// Flags that choose among labels.
void check_labels(const ClassifyRequest& request, ProblemType type) {
  if (type != ProblemType::regression || (request.top_k == 0 && !request.threshold)) return;
  usage_error(request.top_k > 0 ? "--top-k" : "--threshold",
              " is for labels; this model gives a value (regression)");
}

class ClassifyCommand : public HeadCommand {
 public:
  ClassifyCommand(const ClassifyRequest& request, LoadedModel loaded)
      : HeadCommand(std::move(loaded), HeadKind::sequence_classification),
        request_(request),
        type_(resolve_problem_type(model().config, head().outputs())),
        labels_(label_names(model(), head())) {
    check_labels(request_, type_);
  }

  std::vector<std::string> result_names() const override {
    std::vector<std::string> names{"truncated", "score"};
    if (type_ != ProblemType::regression) names.insert(names.end(), {"label", "scores"});
    if (type_ == ProblemType::multi_label) names.push_back("labels");
    if (request_.logits) names.push_back("logits");
    return names;
  }
  std::vector<std::string> columns() const override {
    std::vector<std::string> columns{"label", "score", "scores"};
    if (type_ == ProblemType::regression) columns = {"score"};
    if (type_ == ProblemType::multi_label) columns.insert(columns.begin() + 2, "labels");
    if (request_.logits) columns.push_back("logits");
    return columns;
  }

 protected:
  void write_row(MatrixView logits, const Job&, ResultWriter& result) const override {
    const Classification classification = classification_of(logits.row_span(0), type_);
    if (type_ == ProblemType::regression) {
      result.field("score", classification.scores.front());
    } else {
      write_labels(classification, result);
    }
    if (request_.logits) result.field("logits", std::span(classification.logits));
  }

 private:
  void write_labels(const Classification& classification, ResultWriter& result) const {
    const std::vector<float>& scores = classification.scores;
    const std::size_t best = classification.order.front();
    const float least = request_.threshold.value_or(0.0f);
    // A best label below --threshold is no answer.
    scores[best] >= least ? result.field("label", labels_[best]) : result.null("label");
    result.field("score", scores[best]);

    // Several labels may hold at once: those that reach the threshold.
    std::vector<std::string> chosen;
    std::vector<NamedNumber> listed;
    for (const std::size_t label : classification.order) {
      if (scores[label] >= request_.threshold.value_or(kMultiLabelThreshold)) {
        chosen.push_back(labels_[label]);
      }
      const bool is_wanted = request_.top_k == 0 || std::ssize(listed) < request_.top_k;
      if (is_wanted && scores[label] >= least) listed.push_back({labels_[label], scores[label]});
    }
    if (type_ == ProblemType::multi_label) result.field("labels", chosen);
    result.field("scores", listed);
  }

  ClassifyRequest request_;
  ProblemType type_;
  std::vector<std::string> labels_;
};

int run(const ClassifyFlags& flags, Console& console) {
  const ClassifyRequest request = make_request(flags);
  LoadedModel loaded =
      load_model(request.record, {.head = HeadKind::sequence_classification}, console);
  return run_records(request.record, ClassifyCommand(request, std::move(loaded)), console);
}

void add_flags(CLI::App& command, ClassifyFlags& flags) {
  add_record_flags(command, flags.record, kFormats);
  add_encoder_flags(command, flags.record.model);
  FlagGroup group(command, "Labels");
  group.add("--top-k", flags.top_k, "K", "Keep the K best of \"scores\"; default: all")
      .within(1, 1 << 20);
  group
      .add("--threshold", flags.threshold, "P",
           "Leave labels below P out of \"scores\"; \"label\" is null when the best is below; of "
           "several labels, \"labels\" are those that reach P (default 0.5)")
      .within(0.0, 1.0);
  group.add_flag("--logits", flags.logits, "Add the head's output before the softmax");
}

}  // namespace

void add_classify_command(CLI::App& app, const Choose& choose) {
  add_command<ClassifyFlags>(
      app, choose,
      {"classify", "A trained head's label and scores for each text, or its value in regression",
       add_flags, run});
}

}  // namespace convbert::app
