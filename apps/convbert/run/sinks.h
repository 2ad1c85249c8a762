// Results in order, in the format asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "io/output_file.h"
#include "io/record_writer.h"
#include "pipeline/pipeline.h"
#include "run/record_command.h"

namespace convbert::app {

class ResultSink {
 public:
  virtual ~ResultSink() = default;
  virtual void begin() {}  // not called when a run is resumed
  virtual void write(Job& job) = 0;
  virtual void flush() {}   // hand on what has been written
  virtual void finish() {}  // all records have been written
  // After finish(): is there anything that the output should hold? Without it no file appears.
  virtual bool has_result() const { return true; }
};

// What sinks work with; all of it must outlive them.
struct SinkContext {
  const RecordCommand& command;
  const RecordStyle& style;
  OutputFile& output;
};

// A line a record: jsonl, tsv, text.
std::unique_ptr<ResultSink> make_line_sink(const std::string& format, const SinkContext& context);
// One JSON array.
std::unique_ptr<ResultSink> make_json_sink(const SinkContext& context);
// The others need an output that can seek.
// One matrix [records, row_width()]; `count` rows are in the output already.
std::unique_ptr<ResultSink> make_npy_sink(const SinkContext& context, std::int64_t count);
// That matrix under the name of the command's first result, and the ids.
std::unique_ptr<ResultSink> make_npz_rows_sink(const SinkContext& context);
// The arrays of each job: "<name>" of a lone record, "<id>/<name>" of several.
std::unique_ptr<ResultSink> make_npz_arrays_sink(const SinkContext& context);
// Each job's arrays, or its bytes, in a file of its own, "<folder>/<id>.<extension>". Their names
// must differ.
std::unique_ptr<ResultSink> make_folder_sink(const std::string& folder,
                                             const std::string& extension);
// The bytes of a lone job. Throws Error(usage) when there is a second, before anything is written.
std::unique_ptr<ResultSink> make_lone_sink(const std::string& format, OutputFile& output);
// `head`, the bytes of each job, `tail`.
struct PageFrame {
  std::string head;
  std::string tail;
};
std::unique_ptr<ResultSink> make_page_sink(PageFrame frame, OutputFile& output);

// What stands in the output for one record: a line with its '\n', or a row of npy.
std::string result_bytes(const std::string& format, const RecordCommand& command,
                         const RecordStyle& style, const Job& job);

}  // namespace convbert::app
