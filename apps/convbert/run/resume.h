// Taking up an interrupted run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/cancel.h"
#include "io/output_file.h"
#include "io/record_reader.h"
#include "run/record_command.h"
#include "run/result_writer.h"
#include "run/run_state.h"

namespace convbert::app {

struct ResumePoint {
  std::int64_t records = 0;  // complete in the file; the source stands behind them
  std::int64_t failed = 0;
  bool finished = false;              // the file is the finished one: nothing is left to do
  std::optional<OutputFile> partial;  // cut behind its complete records; none: begin anew
};

// What find_resume_point() works with; all of it must outlive it.
struct ResumeContext {
  const RecordRequest& request;
  const ResultLayout& layout;
  const RecordCommand& command;
  RecordSource& source;
  RunState& state;
  const CancelToken& cancel;
};

// A job as the pipeline makes it: tokenized, or failed with the reason.
void prepare_job(const RecordCommand& command, Job& job);

// Locks the partial file of the request's output, reads `source` along with it, and checks that
// each complete record in it belongs to its record of the input. Where `state` knows the records,
// by their digest, and a few results are computed again, besides those that look like failures;
// where it does not, every result is. Without a partial file the same of a finished one, whose
// results are computed again only where an input or the model has changed since.
// The format must be resumable. Throws Error(usage) for a file that does not belong, or that
// another process is writing.
ResumePoint find_resume_point(const ResumeContext& context);

}  // namespace convbert::app
