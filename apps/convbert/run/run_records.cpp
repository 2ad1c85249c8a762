#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <utility>

#include "cli/exit_status.h"
#include "cli/usage_error.h"
#include "core/cancel.h"
#include "core/error.h"
#include "run/progress.h"
#include "run/record_command.h"
#include "run/record_input.h"
#include "run/result_writer.h"
#include "run/resume.h"
#include "run/sinks.h"
#include "run/table_layout.h"

namespace convbert::app {
namespace {

// Does the run write rows of a table, one a record?
bool has_rows(const ResultLayout& layout) {
  return !layout.columns.empty() && info_of(layout.format).is_table;
}

ResultLayout make_layout(const RecordRequest& request, const RecordCommand& command) {
  ResultLayout layout{.format = request.output.format,
                      .style = {.id_name = request.input.source.fields.id,
                                .only_result = request.output.only_result,
                                .result_prefix = request.output.result_prefix,
                                .result_names = {}},
                      .columns = command.columns(),
                      .row_width = command.row_width()};
  std::vector<std::string> names = command.result_names();
  if (has_rows(layout)) {
    if (std::ranges::find(names, kTruncated) != names.end()) layout.columns.push_back(kTruncated);
    layout.table.has_error = command.holds_errors(layout.format) && !request.output.strict;
    names = layout.columns;
    if (layout.table.has_error) names.push_back(kErrorColumn);
  }
  for (const std::string& name : names) {
    layout.style.result_names.push_back(layout.style.result_prefix + name);
    if (layout.style.result_names.back() == layout.style.id_name) {
      usage_error("--id-field ", printable(layout.style.id_name), ": a result has that name, too; ",
                  "--result-prefix gives results others");
    }
  }
  if (layout.style.id_name == kErrorColumn) {
    usage_error("--id-field ", kErrorColumn, ": records that fail have their message there");
  }
  return layout;
}

bool reads_terminal(const InputRequest& input) {
  const auto& paths = input.source.paths;
  const bool is_standard_input = paths.empty() || std::ranges::find(paths, "-") != paths.end();
  return input.given.texts.empty() && is_standard_input && ::isatty(STDIN_FILENO) == 1;
}

// The output, the sink on it, and, between the two where a format has to seek and the output
// cannot, a temporary file.
class Output {
 public:
  Output(const OutputRequest& request, const RecordCommand& command, const ResultLayout& layout,
         ResumePoint& start, const CancelToken& cancel)
      : output_(open(request, start, cancel)) {
    if ((sink_ = command.make_sink(output_))) {
      sink_->begin();
      return;
    }
    if (info_of(request.format).needs_seek && !output_.is_seekable()) {
      spool_.emplace(OutputFile::temporary());
    }
    sink_ = make_sink({layout, spool_ ? *spool_ : output_}, start.records);
    if (output_.size() == 0) sink_->begin();
  }

  ResultSink& sink() { return *sink_; }
  bool is_partial() const { return output_.is_partial(); }

  void finish() {
    sink_->finish();
    if (!sink_->has_result()) return;
    if (spool_) spool_->read_back([this](std::string_view bytes) { output_.write(bytes); });
    output_.finish();
  }

 private:
  static OutputFile open(const OutputRequest& request, ResumePoint& start,
                         const CancelToken& cancel) {
    const OutputOptions options{.compression = request.compression, .cancel = &cancel};
    if (request.path.empty()) return OutputFile::standard_output(options);
    if (start.partial) return std::move(*start.partial);
    return OutputFile::create(request.path, options);
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
        layout_(layout),
        style_(layout.style),
        names_failures_(!command.holds_errors(layout.format)),
        table_(has_rows(layout) && !layout.style.only_result ? &layout.table : nullptr),
        pair_notice_(command.pair_notice()) {
    if (input.source.fields.pair_required || !input.given.texts.empty()) pair_notice_.clear();
    const bool has_fields = info_of(layout.format).is_json || has_rows(layout);
    if (has_fields && !style_.only_result) unnamed_ = style_.result_names;
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
    if (!unnamed_.empty()) see_replaced(job);
    if (table_ != nullptr) see_columns(job.record);
  }

 private:
  void see_replaced(const Job& job) {
    std::vector<std::string> replaced;
    for (const RecordField& field : job.record.fields) {
      const auto result = std::ranges::find(unnamed_, field.name);
      if (result == unnamed_.end() || field.name == missing_result(layout_, job)) continue;
      replaced.push_back(convbert::quoted(field.name));
      unnamed_.erase(result);
    }
    if (replaced.empty()) return;
    const std::string fields = list_of(replaced, " and ");
    console_.warning(concat(
        "the input's ",
        replaced.size() == 1 ? concat("field ", fields, " gives way to the result of that name")
                             : concat("fields ", fields, " give way to the results of those names"),
        "; --result-prefix keeps both"));
  }

  void see_columns(const Record& record) {
    for (std::size_t i = 0; i < record.fields.size(); ++i) {
      const bool is_id = table_->has_id && record.id_field == i;
      const std::string& name = record.fields[i].name;
      if (is_id || table_->own.column_of(record, i) || is_result(name, style_)) continue;
      table_ = nullptr;
      console_.warning(concat(record.where, ": the field ", quoted(name), " is left out: ",
                              "the columns are those of the first record; --format jsonl keeps ",
                              "every field"));
      return;
    }
  }

  Console& console_;
  const ResultLayout& layout_;
  const RecordStyle& style_;
  bool names_failures_;               // where the output has no room for an error record
  std::vector<std::string> unnamed_;  // results that no field is known to give way to
  const TableLayout* table_;          // until something has been said of its columns
  std::string pair_notice_;
};

void tell_start(const OutputRequest& output, const ResumePoint& start, Console& console) {
  if (start.records > 0 || start.finished) {
    console.note(concat(output.path, start.finished ? ": complete, with " : ": goes on after ",
                        start.records, " records"));
    return;
  }
  std::error_code error;
  const std::string partial = OutputFile::partial_path(output.path);
  if (output.resume || output.path.empty() || !std::filesystem::exists(partial, error)) return;
  console.warning(concat(partial, ", left by an unfinished run, is started anew",
                         output.is_resumable ? "; --resume goes on with it" : ""));
}

}  // namespace

std::unique_ptr<ResultSink> RecordCommand::make_sink(OutputFile&) const { return nullptr; }

PipelineLimits pipeline_limits(const ModelRequest& model, const RecordCommand& command) {
  constexpr std::chrono::milliseconds kPatience{50};
  return {.workers = model.threads,
          .batch_weight =
              model.max_batch_tokens > 0 ? model.max_batch_tokens : command.default_batch_weight(),
          .patience = command.wants_whole_batches() ? kPatience : kPatience.zero()};
}

int run_records(const RecordRequest& request, const RecordCommand& command, Console& console) {
  RecordInput input(request.input);
  return run_records(request, command, input, console);
}

int run_records(const RecordRequest& request, const RecordCommand& command, RecordInput& source,
                Console& console) {
  CancelToken& cancel = source.cancel();
  ResultLayout layout = make_layout(request, command);
  const bool is_typed = reads_terminal(request.input);
  if (is_typed && console.is_terminal()) console.note("reading from the terminal; Ctrl-D ends");
  if (has_rows(layout)) lay_out_table(request, source, layout);
  const OutputRequest& asked = request.output;
  RunState state(asked, command.files());

  if (asked.resume) console.status(concat("looks at what there is of ", printable(asked.path)));
  ResumePoint start = asked.resume
                          ? find_resume_point({request, layout, command, source, state, cancel})
                          : ResumePoint{};
  console.clear_status();
  if (source.caught() != 0) return status_of_signal(source.caught());
  tell_start(asked, start, console);
  if (start.finished) return start.failed > 0 ? kSomeFailed : 0;

  Progress progress(console,
                    {.records = start.records, .failed = start.failed, .input = source.progress()},
                    is_typed);
  bool stopped_by_strict = false;
  bool keeps_state = false;  // is there a partial file to go on from?
  try {
    Output output(asked, command, layout, start, cancel);
    keeps_state = asked.is_resumable && output.is_partial();
    Notices notices(request.input, command, layout, console);
    PipelineStages stages;
    stages.prepare = [&](Job& job) { prepare_job(command, job); };
    stages.make_worker = [&] { return command.make_worker(layout); };
    stages.write = [&](Job& job) {
      if (job.failed() && asked.strict) {
        console.error(job.failure);
        stopped_by_strict = true;
        return false;
      }
      notices.see(job);
      progress.count(job);
      if (keeps_state) state.add(job.record);
      output.sink().write(job);
      return true;
    };
    stages.flush = [&] {
      output.sink().flush();
      if (keeps_state) state.flushed();
    };
    stages.tick = [&](const InputProgress& input) { progress.show(input); };
    run_pipeline(source, stages, pipeline_limits(request.model, command), cancel);
    if (source.caught() == 0 && !stopped_by_strict) {
      output.finish();
    } else {
      output.sink().stop();
      if (keeps_state) state.save();
    }
  } catch (const ClosedPipe&) {
    console.clear_status();
    return 0;
  } catch (const StoppedOutput&) {
  }
  progress.summarize();
  if (source.caught() != 0) {
    if (keeps_state && progress.records() > 0) {
      console.note(concat(OutputFile::partial_path(asked.path), " holds ", progress.records(),
                          " records; --resume goes on from there"));
    }
    return status_of_signal(source.caught());
  }
  return stopped_by_strict || progress.failed() > 0 ? kSomeFailed : 0;
}

}  // namespace convbert::app
