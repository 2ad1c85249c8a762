#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "api/answers.h"
#include "cli/command.h"
#include "cli/flag_group.h"
#include "cli/usage_error.h"
#include "commands/commands.h"
#include "run/encoder_command.h"
#include "text/text_units.h"

namespace convbert::app {
namespace {

constexpr Format kFormats[] = {Format::jsonl, Format::json, Format::csv,
                               Format::tsv,   Format::text, Format::table};
constexpr std::int64_t kUsualOverlap = 128;

struct AnswerFlags {
  RecordFlags record;
  std::vector<std::string> questions;
  std::optional<std::int64_t> stride;
  std::int64_t most_tokens = 15;
  bool allow_empty = false;
  std::optional<std::int64_t> top_k;
  std::string offsets = "codepoint";
};

struct AnswerRequest {
  RecordRequest record;
  std::optional<std::int64_t> stride;
  AnswerOptions options;
  bool is_list;  // "answers" instead of "answer"
  OffsetUnit offsets;
};

// The question is a record's first text, the context its second: -t CONTEXT --question QUESTION.
RecordFlags in_order_of_texts(const AnswerFlags& flags) {
  RecordFlags record = flags.record;
  InputFlags& input = record.input;
  if (!input.texts.empty() || !flags.questions.empty()) {
    if (flags.questions.empty()) usage_error("--text: expected --question, too");
    if (flags.questions.size() != 1 && flags.questions.size() != input.texts.size()) {
      usage_error("--question: expected one for all or one for each --text, found ",
                  flags.questions.size(), " for ", input.texts.size());
    }
    if (input.texts.empty()) usage_error("--question: expected --text, the context");
    input.pairs = input.texts;
    input.texts = flags.questions;
    input.texts.resize(input.pairs.size(), flags.questions.front());
  }
  if (!input.text_field) input.text_field = "question";
  if (!input.pair_field) input.pair_field = "context";
  return record;
}

AnswerRequest make_request(const AnswerFlags& flags) {
  RecordRequest record = make_request(in_order_of_texts(flags), kFormats);
  record.input.given.text_name = "question";
  record.input.given.pair_name = "context";
  record.input.source.fields.names.text = "--question-field";
  record.input.source.fields.names.pair = "--context-field";
  return {.record = std::move(record),
          .stride = flags.stride,
          .options = {.most_tokens = flags.most_tokens,
                      .count = static_cast<std::size_t>(flags.top_k.value_or(1)),
                      .may_be_empty = flags.allow_empty},
          .is_list = flags.top_k.has_value(),
          .offsets = *offset_unit_from_name(flags.offsets)};
}

class AnswerCommand : public HeadCommand {
 public:
  AnswerCommand(const AnswerRequest& request, LoadedModel model)
      : HeadCommand(std::move(model), HeadKind::question_answering),
        request_(request),
        name_(request.is_list ? "answers" : "answer"),
        overlap_(request.stride.value_or(std::min(kUsualOverlap, loaded().encode.max_length / 2))) {
  }

  std::vector<std::string> result_names() const override { return {name_}; }
  std::vector<std::string> columns() const override {
    std::vector<std::string> columns{"answer", "score", "start", "end"};
    if (request_.is_list) columns.push_back(name_);
    return columns;
  }

 protected:
  void encode(Job& job) const override { encode_windows(loaded(), overlap_, job); }

  std::unique_ptr<WindowResults> gather_windows(const Job& job) const override {
    return std::make_unique<Answers>(*this, job);
  }

 private:
  class Answers : public WindowResults {
   public:
    Answers(const AnswerCommand& command, const Job& job)
        : command_(command), job_(job), best_(command.tokenizer(), command.request_.options) {}

    void add(ConstMatrixView logits, const Encoding& window) override { best_.add(window, logits); }
    void write(ResultWriter& result) override { command_.write(best_.list(), job_, result); }

   private:
    const AnswerCommand& command_;
    const Job& job_;
    BestAnswers best_;
  };

  void write(const std::vector<Answer>& answers, const Job& job, ResultWriter& result) const {
    if (answers.empty()) throw Error(ErrorKind::input, "the context gives no token");
    const TextUnits units(*job.record.pair, end_of_text(job.encoding, 1), request_.offsets);
    if (result.is_of_objects() || request_.is_list) {
      result.field(name_, [&](JsonBuilder& json) {
        if (request_.is_list) json.begin_list();
        for (const Answer& answer : answers) write(answer, units, json);
        if (request_.is_list) json.end_list();
      });
    }
    if (!result.is_of_objects()) write_best(answers.front(), units, result);
  }

  static void write(const Answer& answer, const TextUnits& units, JsonBuilder& json) {
    json.begin_object();
    json.member("answer", units.text_of(answer.range)).member("score", answer.score);
    add_place(json, units.convert(answer.range));
    json.end_object();
  }

  // In columns of its own.
  static void write_best(const Answer& answer, const TextUnits& units, ResultWriter& result) {
    const Offsets place = units.convert(answer.range);
    result.field("answer", units.text_of(answer.range));
    result.field("score", answer.score);
    result.field("start", std::int64_t{place.begin});
    result.field("end", std::int64_t{place.end});
  }

  AnswerRequest request_;
  const char* name_;  // of the result
  std::int64_t overlap_;
};

int run(const AnswerFlags& flags, Console& console) {
  const AnswerRequest request = make_request(flags);
  LoadedModel loaded = load_model(request.record, {.head = HeadKind::question_answering}, console);
  return run_records(request.record, AnswerCommand(request, std::move(loaded)), console);
}

void add_flags(CLI::App& command, AnswerFlags& flags) {
  add_record_flags(command, flags.record, kFormats);
  add_encoder_flags(command, flags.record.model);
  // Questions and contexts have flags of their own.
  for (const char* name : {"--text-pair", "--text-field", "--pair-field", "--truncation"}) {
    remove_flag(command, name);
  }
  describe_flag(command, "--text", "A context to work on, instead of files");
  FlagGroup input(command, "Input");
  input.add("--question", flags.questions, "TEXT", "The question: one for all --text, or one each")
      .one_value();
  input
      .add("--question-field", flags.record.input.text_field, "NAME",
           "Field or column of the question")
      .with_default("question");
  input
      .add("--context-field", flags.record.input.pair_field, "NAME",
           "Field or column of the context")
      .with_default("context");
  FlagGroup group(command, "Answers");
  group
      .add("--top-k", flags.top_k, "K",
           "Up to K answers, as a list \"answers\": the K best spans of tokens, made whole words; "
           "those that become the same count once, as in Hugging Face's pipeline")
      .within(1, 1000);
  group.add("--max-answer-length", flags.most_tokens, "N", "Tokens of an answer at most")
      .within(1, 1 << 20)
      .with_default();
  group.add_flag("--allow-empty", flags.allow_empty,
                 "The answer may be that there is none: \"\", from 0 to 0");
  add_window_flag(group, flags.stride)
      .description(
          "Tokens that the windows of a long context share; default: 128, or half of the "
          "model's limit where that is less");
  add_offsets_flag(group, flags.offsets);
}

}  // namespace

void add_answer_command(CLI::App& app, const Choose& choose) {
  add_command<AnswerFlags>(
      app, choose,
      {"answer", "The part of a context that answers a question, by a QA head", add_flags, run});
}

}  // namespace convbert::app
