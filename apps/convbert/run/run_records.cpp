#include <filesystem>
#include <optional>

#include "cli/signals.h"
#include "core/cancel.h"
#include "core/error.h"
#include "core/threads.h"
#include "run/progress.h"
#include "run/record_command.h"
#include "run/resume.h"
#include "run/sinks.h"

namespace convbert::app {
namespace {

constexpr int kSomeFailed = 1;
constexpr int kSignalBase = 128;

RecordStyle make_style(const RecordOptions& options, const RecordCommand& command) {
  RecordStyle style{.id_name = options.input.fields.id,
                    .only_result = options.output.only_result,
                    .result_prefix = options.output.result_prefix,
                    .result_names = {}};
  for (const std::string& name : command.result_names()) {
    style.result_names.insert(style.result_prefix + name);
  }
  return style;
}

std::unique_ptr<RecordSource> open_source(const InputOptions& input, const CancelToken& cancel) {
  if (!input.texts.empty()) return records_of_texts(input.texts, input.pairs, input.shard);
  return open_records({input.paths, input.format, input.fields, input.shard}, cancel);
}

// The output, the sink on it, and, between the two where a format has to seek and the output
// cannot, a temporary file.
class Output {
 public:
  Output(const RecordOptions& options, const RecordCommand& command, const RecordStyle& style,
         const ResumePoint& start)
      : output_(open(options.output, start)) {
    const std::string& format = options.output.format;
    if ((sink_ = command.make_sink(output_))) {
      sink_->begin();
      return;
    }
    const bool seeks = format == "npy" || format == "npz";
    if (seeks && !output_.is_seekable()) spool_.emplace(OutputFile::temporary());
    const SinkContext context{command, style, spool_ ? *spool_ : output_};
    if (format == "json") {
      sink_ = make_json_sink(context);
    } else if (format == "npy") {
      sink_ = make_npy_sink(context, start.records);
    } else if (format == "npz") {
      sink_ = command.row_width() > 0 ? make_npz_rows_sink(context) : make_npz_arrays_sink(context);
    } else {
      sink_ = make_line_sink(format, context);
    }
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
  static OutputFile open(const OutputOptions& options, const ResumePoint& start) {
    if (options.path.empty()) return OutputFile::standard_output();
    if (start.bytes > 0) return OutputFile::resume(options.path, start.bytes);
    return OutputFile::create(options.path);
  }

  OutputFile output_;
  std::optional<OutputFile> spool_;
  std::unique_ptr<ResultSink> sink_;
};

// Says, once, what a person should know about the records that go by.
class Notices {
 public:
  Notices(const RecordOptions& options, const RecordCommand& command, const RecordStyle& style,
          Console& console)
      : console_(console),
        style_(style),
        names_failures_(command.hides_failures(options.output.format)),
        pair_notice_(command.pair_notice()) {
    if (options.input.fields.pair_required || !options.input.texts.empty()) pair_notice_.clear();
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

int run_records(const RecordOptions& options, const RecordCommand& command, Console& console) {
  CancelToken cancel;
  const SignalGuard signals(cancel);
  const RecordStyle style = make_style(options, command);
  const std::string& format = options.output.format;
  const auto source = open_source(options.input, cancel);
  Progress progress(console);

  ResumePoint start;
  if (options.output.resume) {
    start = find_resume_point(options.output.path, format, command, style, *source, cancel);
    if (signals.caught() != 0) return kSignalBase + signals.caught();
    progress.start_from(start.records, start.failed);
    if (start.records > 0) {
      console.note(concat(options.output.path,
                          start.finished ? ": complete, with " : ": goes on after ", start.records,
                          " records"));
    }
    if (start.finished) return start.failed > 0 ? kSomeFailed : 0;
  } else if (!options.output.path.empty() &&
             std::filesystem::exists(OutputFile::partial_path(options.output.path))) {
    console.warning(
        concat(OutputFile::partial_path(options.output.path),
               ", left by an unfinished run, is started anew; --resume goes on with it"));
  }

  bool stopped_by_strict = false;
  try {
    Output output(options, command, style, start);
    Notices notices(options, command, style, console);
    PipelineStages stages;
    stages.prepare = [&](Job& job) { prepare_job(command, job); };
    stages.make_worker = [&] { return command.make_worker(style); };
    stages.write = [&](Job& job) {
      if (job.failed() && options.output.strict) {
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
    const PipelineLimits limits{
        .workers = options.model.threads > 0 ? options.model.threads : available_processors(),
        .batch_weight = options.model.max_batch_tokens > 0 ? options.model.max_batch_tokens
                                                           : command.default_batch_weight()};
    run_pipeline(*source, stages, limits, cancel);
    if (signals.caught() == 0 && !stopped_by_strict) output.finish();
  } catch (const ClosedPipe&) {
    console.clear_status();
    return 0;
  }
  progress.summarize();
  if (signals.caught() != 0) {
    if (!options.output.path.empty()) {
      console.note(concat(OutputFile::partial_path(options.output.path), " holds ",
                          progress.records(), " records; --resume goes on from there"));
    }
    return kSignalBase + signals.caught();
  }
  return stopped_by_strict || progress.failed() > 0 ? kSomeFailed : 0;
}

}  // namespace convbert::app
