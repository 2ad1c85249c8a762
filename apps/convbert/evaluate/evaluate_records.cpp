#include "evaluate/evaluate_records.h"

#include <optional>
#include <utility>

#include "api/classification.h"
#include "api/vectors.h"
#include "cli/usage_error.h"
#include "core/tensor.h"
#include "evaluate/evaluation.h"
#include "evaluate/predictions.h"
#include "nn/compute.h"
#include "run/record_labels.h"
#include "run/result_writer.h"
#include "run/sinks.h"
#include "text/word_list.h"

namespace convbert::app {
namespace {

// A record on its way.
struct Asked {
  Answer answer;
  std::vector<std::int64_t> first_tokens{};  // of each word that has a tag
  std::optional<Encoding> second{};          // of a pair whose similarity is asked for
};

// Adds answers up in the order of the records, and writes the report at the end.
class ReportSink : public ResultSink {
 public:
  ReportSink(Evaluation evaluation, const EvaluateRequest& request, std::string model,
             OutputFile& output)
      : evaluation_(std::move(evaluation)), request_(request), output_(output) {
    report_.model = std::move(model);
    report_.resampling.threads = request.record.model.threads;
  }

  void write(Job& job) override {
    if (job.failed()) {
      if (report_.failed++ == 0) first_failure_ = job.failure;
      return;
    }
    const auto& asked = std::any_cast<const Asked&>(job.summary);
    report_.truncated += job.encoding.truncated > 0 ? 1 : 0;
    if (asked.second) report_.truncated += asked.second->truncated > 0 ? 1 : 0;
    evaluation_.add(asked.answer);
  }

  void finish() override {
    if (evaluation_.records() == 0) refuse();
    evaluation_.fill(report_);
    output_.write(report_text(report_, request_.record.output.format));
  }

 private:
  [[noreturn]] void refuse() const {
    const std::string input = name_of_first(request_.record.input);
    if (report_.failed == 0) usage_error(input, ": no records; expected labelled ones");
    const std::string advice = head_of(request_.task)
                                   ? ""
                                   : concat("; without a head for labels, ", report_.model,
                                            " is measured by pairs that have a value");
    usage_error(input, ": of ", report_.failed, " records none can be used for --task ",
                name_of(request_.task), advice, "; the first is ", first_failure_);
  }

  Evaluation evaluation_;
  const EvaluateRequest& request_;
  OutputFile& output_;
  Report report_;
  std::string first_failure_;
};

class EvaluateCommand : public RecordCommand {
 public:
  EvaluateCommand(const EvaluateRequest& request, LoadedModel loaded)
      : request_(request),
        loaded_(std::move(loaded)),
        head_(head_of(request.task) ? loaded_.model.head(*head_of(request.task)) : nullptr),
        labels_(head_ == nullptr ? std::vector<std::string>{}
                                 : label_names(loaded_.model, *head_)) {
    if (head_ == nullptr) vectors_ = plan_vectors(loaded_, {}, VectorsOf::texts);
  }

  std::vector<std::string> result_names() const override { return {}; }
  std::vector<std::string> files() const override { return loaded_.files; }
  bool holds_errors(Format) const override { return false; }
  std::unique_ptr<ResultSink> make_sink(OutputFile& output) const override {
    return std::make_unique<ReportSink>(Evaluation(request_.task, labels_.names()), request_,
                                        loaded_.model.origin, output);
  }

  void prepare(Job& job) const override {
    Asked asked;
    Answer& answer = asked.answer;
    const std::string& field = request_.label_field;
    switch (request_.task) {
      case Task::classify: answer.truth = {labels_.one(job.record, field)}; break;
      case Task::multilabel: answer.truth = labels_.several(job.record, field); break;
      case Task::tag: answer.truth = labels_.list(job.record, field); break;
      case Task::regress:
      case Task::similarity: answer.true_value = value_of(job.record, field); break;
    }
    if (request_.task == Task::tag) {
      asked.first_tokens = encode_words(job, answer.truth.size());
    } else if (request_.task == Task::similarity) {
      asked.second = encode_both(job);
    } else {
      encode_job(loaded_, job);
    }
    job.summary = std::move(asked);
  }

  ComputeBatch make_worker(const ResultLayout&) const override {
    auto workspace = std::make_shared<Workspace>();
    return [this, workspace](std::span<Job> jobs, int threads) {
      const nn::ComputeScope scope(threads);
      const Workspace::Frame frame(*workspace);
      compute(jobs, *workspace);
    };
  }

 private:
  // The words as one text, and the first token of each.
  std::vector<std::int64_t> encode_words(Job& job, std::size_t tags) const {
    JoinedWords joined = join_tagged_words(job.record, request_.record.input.source.fields.text,
                                           request_.label_field, tags);
    job.record.text = std::move(joined.text);
    encode_job(loaded_, job);
    return first_tokens(job.encoding, joined.places);
  }

  // Each text of a pair by itself; returns the second.
  Encoding encode_both(Job& job) const {
    Record& record = job.record;
    if (!record.pair) {
      const std::string& name = request_.record.input.source.fields.pair;
      throw Error(ErrorKind::input, concat("no field ", quoted(name), "; expected a pair of texts ",
                                           "(--pair-field names another)"));
    }
    Encoding second = convbert::encode(loaded_, *record.pair, std::nullopt, loaded_.encode);
    record.pair.reset();
    encode_job(loaded_, job);
    job.tokens += std::ssize(second.ids);
    job.weight = job.tokens;
    return second;
  }

  static const std::optional<Encoding>& second_of(const Job& job) {
    return std::any_cast<const Asked&>(job.summary).second;
  }

  void compute(std::span<Job> jobs, Workspace& workspace) const {
    Batch batch;
    for (const Job& job : jobs) {
      if (job.failed()) continue;
      batch.append(job.encoding.ids, job.encoding.type_ids);
      const std::optional<Encoding>& second = second_of(job);
      if (second) batch.append(second->ids, second->type_ids);
    }
    if (batch.sequences() == 0) return;
    const nn::PaddedRows hidden =
        nn::allocate_rows(workspace, batch.tokens(), loaded_.model.config.hidden_size);
    const std::int64_t layers = head_ == nullptr ? vectors_.layer : loaded_.model.config.layers;
    loaded_.model.encoder.forward(batch, layers, hidden, workspace);
    MatrixView rows = hidden;
    if (head_ != nullptr) rows = head_->forward(batch, hidden, workspace);
    const bool is_of_tokens =
        head_ == nullptr || info_of(head_->kind()).rows == HeadRows::every_token;
    std::int64_t sequence = 0;
    const auto next_rows = [&] {
      const std::int64_t s = sequence++;
      return is_of_tokens ? rows_of(rows, batch, s) : rows.row_range(s, 1);
    };
    for (Job& job : jobs) {
      if (job.failed()) continue;
      const MatrixView first = next_rows();
      const MatrixView second = second_of(job) ? next_rows() : MatrixView{};
      predict(first, second, job);
    }
  }

  void predict(MatrixView first, MatrixView second, Job& job) const {
    if (!all_finite(first) || !all_finite(second)) return fail_not_finite(job);
    auto& asked = std::any_cast<Asked&>(job.summary);
    Answer& answer = asked.answer;
    switch (request_.task) {
      case Task::classify: answer.predicted = {best_label(first.row_span(0))}; break;
      case Task::multilabel:
        answer.predicted = labels_reached(first.row_span(0), request_.threshold);
        break;
      case Task::regress: answer.predicted_value = first.row_span(0).front(); break;
      case Task::similarity:
        answer.predicted_value =
            cosine(text_vector(first, vectors_), text_vector(second, vectors_));
        break;
      case Task::tag:
        for (const std::int64_t token : asked.first_tokens) {
          answer.predicted.push_back(token < 0 ? -1 : best_label(first.row_span(token)));
        }
        break;
    }
  }

  const EvaluateRequest& request_;
  LoadedModel loaded_;
  const Head* head_;  // of the model; null for vectors
  KnownLabels labels_;
  VectorPlan vectors_{};
};

}  // namespace

std::unique_ptr<RecordCommand> make_evaluate_command(const EvaluateRequest& request,
                                                     LoadedModel loaded) {
  return std::make_unique<EvaluateCommand>(request, std::move(loaded));
}

}  // namespace convbert::app
