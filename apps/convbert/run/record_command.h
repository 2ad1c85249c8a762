// What a command that works on records brings, and the run that all of them share.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cli/options.h"
#include "io/output_file.h"
#include "io/record_writer.h"
#include "pipeline/pipeline.h"

namespace convbert::app {

class ResultSink;

// One command with its model loaded and its options checked. Const while it runs: prepare() is
// called on one thread, workers compute on theirs.
class RecordCommand {
 public:
  virtual ~RecordCommand() = default;

  // Fields that it adds to a record, before any --result-prefix.
  virtual std::vector<std::string> result_names() const = 0;
  // Tokenizes, say. Throws Error(input) for a record that cannot be used.
  virtual void prepare(Job& job) const = 0;
  // A worker of its own for the calling thread: it fills `output` or `arrays` of each job that has
  // not failed, in the format asked for, or sets `failure`.
  virtual ComputeBatch make_worker(const RecordStyle& style) const = 0;

  // For results that are not lines or rows: what writes them instead of the format's own sink.
  virtual std::unique_ptr<ResultSink> make_sink(OutputFile& output) const;
  // Has the output no room for a record that failed? Then the console names it.
  virtual bool hides_failures(const std::string& format) const {
    return format != "jsonl" && format != "json";
  }

  // Is a result as cheap as reading the record?
  virtual bool is_cheap() const { return false; }
  // For tsv: its first line, whose last column is "error". For npy and npz of rows: the floats in a
  // row.
  virtual std::string tsv_header() const { return ""; }
  virtual std::int64_t row_width() const { return 0; }
  // What stands for a record that failed, in tsv and text; other formats have their own.
  virtual std::string failed_line(const Job&) const { return ""; }

  // What to tell, once, when records have pairs that nobody asked for; "" for nothing.
  virtual std::string pair_notice() const { return ""; }
  virtual std::int64_t default_batch_weight() const { return 1024; }
};

// Reads, computes and writes all records; returns the exit status.
int run_records(const RecordOptions& options, const RecordCommand& command, Console& console);

}  // namespace convbert::app
