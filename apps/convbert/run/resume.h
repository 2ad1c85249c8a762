// Taking up an interrupted run.
#pragma once

#include <cstdint>
#include <string>

#include "core/cancel.h"
#include "io/record_reader.h"
#include "run/record_command.h"
#include "run/result_writer.h"

namespace convbert::app {

struct ResumePoint {
  std::int64_t records = 0;  // complete in the file; the source stands behind them
  std::int64_t failed = 0;
  std::int64_t bytes = 0;  // of the file that they take
  bool finished = false;   // the file is the finished one: nothing is left to do
};

// A job as the pipeline makes it: tokenized, or failed with the reason.
void prepare_job(const RecordCommand& command, Job& job);

// Reads `source` along with <path>.partial, or with <path> where there is only that, and checks
// that each complete record in it belongs to its record of the input: its fields for all of them,
// the whole result, computed again, for the first, the last and some between. Nothing needs to be
// kept beside the file for this, because results are the same bytes in every run.
// The format must be resumable. Throws Error(usage) for a file that does not belong.
ResumePoint find_resume_point(const std::string& path, const ResultLayout& layout,
                              const RecordCommand& command, RecordSource& source,
                              const CancelToken& cancel);

}  // namespace convbert::app
