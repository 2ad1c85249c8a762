#include <filesystem>
#include <optional>

#include "cli/signals.h"
#include "core/cancel.h"
#include "core/error.h"
#include "run/progress.h"
#include "run/record_command.h"
#include "run/result_writer.h"
#include "run/resume.h"
#include "run/sinks.h"

namespace convbert::app {
namespace {

constexpr int kSomeFailed = 1;
constexpr int kSignalBase = 128;

ResultLayout make_layout(const RecordRequest& request, const RecordCommand& command) {
  ResultLayout layout{.format = request.output.format,
                      .style = {.id_name = request.input.source.fields.id,
                                .only_result = request.output.only_result,
                                .result_prefix = request.output.result_prefix,
                                .result_names = {}},
                      .columns = command.columns(),
                      .row_width = command.row_width()};
  for (const std::string& name : command.result_names()) {
    layout.style.result_names.push_back(layout.style.result_prefix + name);
  }
  return layout;
}

std::unique_ptr<RecordSource> open_source(const InputRequest& input, const CancelToken& cancel) {
  if (!input.texts.empty()) return records_of_texts(input.texts, input.pairs, input.source.shard);
  return open_records(input.source, cancel);
}

// The output, the sink on it, and, between the two where a format has to seek and the output
// cannot, a temporary file.
class Output {
 public:
  Output(const OutputRequest& request, const RecordCommand& command, const ResultLayout& layout,
         const ResumePoint& start)
      : output_(open(request, start)) {
    if ((sink_ = command.make_sink(output_))) {
      sink_->begin();
      return;
    }
    if (info_of(request.format).needs_seek && !output_.is_seekable()) {
      spool_.emplace(OutputFile::temporary());
    }
    sink_ = make_sink({layout, spool_ ? *spool_ : output_}, start.records);
    if (start.bytes == 0) sink_->begin();
  }

  ResultSink& sink() { return *sink_; }

  void finish() {
    sink_->finish();
    if (!sink_->has_result()) return;
    if (spool_) spool_->read_back([this](std::string_view bytes) { output_.write(bytes); });
    output_.finish();
  }

 private:
  static OutputFile open(const OutputRequest& request, const ResumePoint& start) {
    if (request.path.empty()) return OutputFile::standard_output();
    if (start.bytes > 0) return OutputFile::resume(request.path, start.bytes);
    return OutputFile::create(request.path);
  }

  OutputFile output_;
  std::optional<OutputFile> spool_;
  std::unique_ptr<ResultSink> sink_;
};

// Says, once, what a person should know about the records that go by.
class Notices {
 public:
  Notices(const InputRequest& input, const RecordCommand& command, const ResultLayout& layout,
          Console& console)
      : console_(console),
        style_(layout.style),
        names_failures_(!command.holds_errors(layout.format)),
        pair_notice_(command.pair_notice()) {
    if (input.source.fields.pair_required || !input.texts.empty()) pair_notice_.clear();
  }

  void see(const Job& job) {
    if (job.failed()) {
      if (names_failures_) console_.warning(job.failure);
      return;
    }
    if (job.record.pair && !pair_notice_.empty()) {
      console_.note(pair_notice_);
      pair_notice_.clear();
    }
    if (has_warned_) return;
    const std::string field = replaced_field(job.record, style_);
    if (field.empty()) return;
    has_warned_ = true;
    console_.warning(concat("the input's field \"", printable(field), "\" gives way to the result ",
                            "of that name; --result-prefix keeps both"));
  }

 private:
  Console& console_;
  const RecordStyle& style_;
  bool names_failures_;  // where the output has no room for an error record
  std::string pair_notice_;
  bool has_warned_ = false;
};

}  // namespace

std::unique_ptr<ResultSink> RecordCommand::make_sink(OutputFile&) const { return nullptr; }

int run_records(const RecordRequest& request, const RecordCommand& command, Console& console) {
  CancelToken cancel;
  const SignalGuard signals(cancel);
  const ResultLayout layout = make_layout(request, command);
  const auto source = open_source(request.input, cancel);
  Progress progress(console);

  ResumePoint start;
  if (request.output.resume) {
    start = find_resume_point(request.output.path, layout, command, *source, cancel);
    if (signals.caught() != 0) return kSignalBase + signals.caught();
    progress.start_from(start.records, start.failed);
    if (start.records > 0) {
      console.note(concat(request.output.path,
                          start.finished ? ": complete, with " : ": goes on after ", start.records,
                          " records"));
    }
    if (start.finished) return start.failed > 0 ? kSomeFailed : 0;
  } else if (!request.output.path.empty() &&
             std::filesystem::exists(OutputFile::partial_path(request.output.path))) {
    console.warning(
        concat(OutputFile::partial_path(request.output.path),
               ", left by an unfinished run, is started anew; --resume goes on with it"));
  }

  bool stopped_by_strict = false;
  try {
    Output output(request.output, command, layout, start);
    Notices notices(request.input, command, layout, console);
    PipelineStages stages;
    stages.prepare = [&](Job& job) { prepare_job(command, job); };
    stages.make_worker = [&] { return command.make_worker(layout); };
    stages.write = [&](Job& job) {
      if (job.failed() && request.output.strict) {
        console.error(job.failure);
        stopped_by_strict = true;
        return false;
      }
      notices.see(job);
      progress.count(job);
      output.sink().write(job);
      return true;
    };
    stages.flush = [&] { output.sink().flush(); };
    stages.tick = [&](const InputProgress& input) { progress.show(input); };
    const PipelineLimits limits{.workers = request.model.threads,
                                .batch_weight = request.model.max_batch_tokens > 0
                                                    ? request.model.max_batch_tokens
                                                    : command.default_batch_weight()};
    run_pipeline(*source, stages, limits, cancel);
    if (signals.caught() == 0 && !stopped_by_strict) output.finish();
  } catch (const ClosedPipe&) {
    console.clear_status();
    return 0;
  }
  progress.summarize();
  if (signals.caught() != 0) {
    if (!request.output.path.empty()) {
      console.note(concat(OutputFile::partial_path(request.output.path), " holds ",
                          progress.records(), " records; --resume goes on from there"));
    }
    return kSignalBase + signals.caught();
  }
  return stopped_by_strict || progress.failed() > 0 ? kSomeFailed : 0;
}

}  // namespace convbert::app
