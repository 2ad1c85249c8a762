// What a command that works on records brings, and the run that all of them share.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/error_message.h"
#include "cli/request.h"
#include "core/error.h"
#include "io/output_file.h"
#include "pipeline/pipeline.h"

namespace convbert::app {

class RecordInput;
class ResultSink;
struct ResultLayout;

// One command with its model loaded and its request checked. Const while it runs: prepare() is
// called on one thread, workers compute on theirs.
class RecordCommand {
 public:
  virtual ~RecordCommand() = default;

  // Results that it adds to a record, before any --result-prefix.
  virtual std::vector<std::string> result_names() const = 0;
  // Those of them that a table has as columns, in order; text and rows of floats have the first.
  virtual std::vector<std::string> columns() const { return {}; }
  // For npy and npz of rows: the floats in a row.
  virtual std::int64_t row_width() const { return 0; }

  // Tokenizes, say. Throws Error(input) for a record that cannot be used.
  virtual void prepare(Job& job) const = 0;
  // A worker of its own for the calling thread: it writes the results of each job that has not
  // failed (run/result_writer.h), or sets `failure`.
  virtual ComputeBatch make_worker(const ResultLayout& layout) const = 0;

  // Beside the input, what results depend on: paths of the model's files and of all others.
  // A run is resumed only with what it began with.
  virtual std::vector<std::string> files() const = 0;

  // For results that are not one after another: what writes them instead of the format's own sink.
  virtual std::unique_ptr<ResultSink> make_sink(OutputFile& output) const;
  // Has the output room for what is wrong with a record? Else the console says it.
  virtual bool holds_errors(Format format) const { return info_of(format).holds_errors; }

  // Is a result as cheap as reading the record?
  virtual bool is_cheap() const { return false; }
  // What to tell, once, when records have pairs that nobody asked for; "" for nothing.
  virtual std::string pair_notice() const { return ""; }
  virtual std::int64_t default_batch_weight() const { return 1024; }
  // Does a batch cost much however few records it has? Then workers wait a moment for whole ones.
  virtual bool wants_whole_batches() const { return false; }
};

// Runs `step`; an Error(input) of it fails the job.
template <class Step>
void attempt(Job& job, Step step) {
  try {
    step();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::input) throw;
    job.failure = concat(job.record.where, ": ", message_of(error));
    job.output.clear();
    job.arrays.clear();
  }
}

// Of a run of the command, as the request asks.
PipelineLimits pipeline_limits(const ModelRequest& model, const RecordCommand& command);

// Reads, computes and writes all records; returns the exit status.
int run_records(const RecordRequest& request, const RecordCommand& command, Console& console);
// The same of the request's input, which has been opened before.
int run_records(const RecordRequest& request, const RecordCommand& command, RecordInput& input,
                Console& console);

}  // namespace convbert::app
