#include "evaluate/command.h"

#include <optional>
#include <string>

#include "api/classification.h"
#include "cli/flag_group.h"
#include "cli/usage_error.h"
#include "evaluate/evaluate_records.h"
#include "run/record_input.h"
#include "run/record_labels.h"

namespace convbert::app {
namespace {

constexpr Format kFormats[] = {Format::table, Format::json};
constexpr std::size_t kMostLookedAt = 100;  // records that tell the task

struct EvaluateFlags {
  RecordFlags record;
  std::string task = "auto";
  std::optional<std::string> label_field;
  float threshold = 0.5F;
};

EvaluateRequest make_request(const EvaluateFlags& flags) {
  EvaluateRequest request{.record = make_request(flags.record, kFormats),
                          .threshold = flags.threshold};
  request.record.input.source.fields.are_named = true;  // a line of text has no label
  return request;
}

// Tags are of words that lie in a list.
void name_fields(const EvaluateFlags& flags, EvaluateRequest& request) {
  const bool is_tag = request.task == Task::tag;
  request.label_field = flags.label_field.value_or(is_tag ? "tags" : "label");
  if (!is_tag) return;
  RecordFields& fields = request.record.input.source.fields;
  fields.text = flags.record.input.text_field.value_or("tokens");
  fields.text_may_be_json = true;
  take_single_texts(request.record.input, "tags are of single texts");
}

LoadedModel load(const EvaluateFlags& flags, const RecordRequest& request, Console& console) {
  const auto task = task_from_name(flags.task);
  return load_model(request,
                    {.head = task ? head_of(*task) : std::nullopt,
                     .every_head = !task,
                     .for_vectors = task == Task::similarity},
                    console);
}

// By the head alone: that of labels first, then that of tags; a model without either gives vectors.
Task task_of(const Model& model) {
  const Head* head = model.head(HeadKind::sequence_classification);
  if (head == nullptr) {
    const bool has_tags = model.head(HeadKind::token_classification) != nullptr;
    return has_tags ? Task::tag : Task::similarity;
  }
  switch (resolve_problem_type(model.config, head->outputs())) {
    case ProblemType::regression: return Task::regress;
    case ProblemType::multi_label: return Task::multilabel;
    default: return Task::classify;
  }
}

// Values are no labels. Which labels a model may have, one or several, is left to who asks: older
// checkpoints do not say.
void check_task(Task task, const Model& model) {
  const Head* head = model.head(HeadKind::sequence_classification);
  if (head == nullptr || head_of(task) != HeadKind::sequence_classification) return;
  const bool gives_values =
      resolve_problem_type(model.config, head->outputs()) == ProblemType::regression;
  if (gives_values == (task == Task::regress)) return;
  usage_error("--task ", name_of(task), ": the model's head gives ",
              gives_values ? std::string("a value (--task regress)")
                           : concat(head->outputs(), " labels (--task classify or multilabel)"));
}

// Are all of the records pairs with numbers that are not all numbers of labels?
bool have_values(const std::deque<Record>& records, const KnownLabels& labels,
                 std::string_view field) {
  bool have_others = false;
  for (const Record& record : records) {
    if (!record.error.empty()) continue;
    const RecordField* label = find_field(record, field);
    if (label == nullptr || !record.pair || !number_of(label->json)) return false;
    have_others |= !labels.has(label->json);
  }
  return have_others;
}

int run(const EvaluateFlags& flags, Console& console) {
  EvaluateRequest request = make_request(flags);
  LoadedModel loaded = load(flags, request.record, console);
  const auto asked = task_from_name(flags.task);
  if (asked) check_task(*asked, loaded.model);
  request.task = asked ? *asked : task_of(loaded.model);
  name_fields(flags, request);
  RecordInput input(request.record.input);
  const bool has_classes = request.task == Task::classify || request.task == Task::multilabel;
  if (!asked && has_classes) {
    const Head& head = *loaded.model.head(HeadKind::sequence_classification);
    const KnownLabels labels(label_names(loaded.model, head));
    if (have_values(input.look_ahead(kMostLookedAt), labels, request.label_field)) {
      request.task = Task::similarity;
    }
  }
  if (!asked && request.task == Task::similarity) {
    loaded.encode = encode_options(loaded, {.max_length = request.record.truncation.max_length,
                                            .truncation = request.record.truncation.strategy,
                                            .for_vectors = true});
  }
  const auto command = make_evaluate_command(request, std::move(loaded));
  return run_records(request.record, *command, input, console);
}

void add_flags(CLI::App& command, EvaluateFlags& flags) {
  add_report_flags(command, flags.record, kFormats);
  add_encoder_flags(command, flags.record.model);
  FlagGroup group(command, "Labels");
  std::vector<std::string> tasks = task_names();
  tasks.insert(tasks.begin(), "auto");
  group
      .add_choice("--task", flags.task, tasks, "TASK",
                  "classify (a label, by name or number), multilabel (a list of labels), regress "
                  "(a number), tag (lists \"tokens\" and \"tags\" of one length), similarity (a "
                  "pair and a number that the cosine of its vectors should follow), or auto: by "
                  "the model's head, and similarity for pairs with other numbers, or without a "
                  "head")
      .with_default();
  group.add("--label-field", flags.label_field, "NAME",
            "Field or column of what is true; default: label, or tags of --task tag, whose words "
            "are in --text-field tokens");
  group.add("--threshold", flags.threshold, "P", "Probability from which a label of several counts")
      .within(0.0, 1.0)
      .with_default();
}

}  // namespace

void add_evaluate_command(CLI::App& app, const Choose& choose) {
  add_command<EvaluateFlags>(
      app, choose,
      {"evaluate", "How good a model is on labelled records, with intervals", add_flags, run});
}

}  // namespace convbert::app
