// Results in order, in the format asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "io/output_file.h"
#include "pipeline/pipeline.h"
#include "run/result_writer.h"

namespace convbert::app {

class ResultSink {
 public:
  virtual ~ResultSink() = default;
  virtual void begin() {}  // not called when a run is resumed
  virtual void write(Job& job) = 0;
  virtual void flush() {}   // hand on what has been written
  virtual void finish() {}  // all records have been written
  virtual void stop() {}    // instead: the run ends before them; hand on what is kept back
  // After finish(): is there anything that the output should hold? Without it no file appears.
  virtual bool has_result() const { return true; }
};

// What sinks work with; all of it must outlive them.
struct SinkContext {
  const ResultLayout& layout;
  OutputFile& output;
};

// That of the layout's format, which may need an output that can seek; `count` records are in the
// output already.
std::unique_ptr<ResultSink> make_sink(const SinkContext& context, std::int64_t count);

// Rows in aligned columns, for people; no wider than the terminal that the output is, if it is one.
std::unique_ptr<ResultSink> make_table_sink(const SinkContext& context);
// The matrix [records, row_width] under the name of the first column, and the ids.
std::unique_ptr<ResultSink> make_npz_rows_sink(const SinkContext& context);
// The arrays of each job: "<name>" of a lone record, "<id>/<name>" of several.
std::unique_ptr<ResultSink> make_npz_arrays_sink(const SinkContext& context);
// Each job's arrays, or its bytes, in a file of its own, "<folder>/<id>.<extension>".
std::unique_ptr<ResultSink> make_folder_sink(const std::string& folder, Format format);
// The bytes of a lone job. Throws Error(usage) when there is a second, before anything is written,
// or none.
std::unique_ptr<ResultSink> make_lone_sink(Format format, OutputFile& output);
// `head`, the bytes of each job, `tail`.
struct PageFrame {
  std::string head;
  std::string tail;
};
std::unique_ptr<ResultSink> make_page_sink(PageFrame frame, OutputFile& output);

}  // namespace convbert::app
