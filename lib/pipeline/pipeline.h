// From records to results in order, reading, computing and writing at the same time.
//
//   reading thread:  source -> prepare -> queue
//   worker threads:  queue -> batch -> compute
//   calling thread:  batches in the order of their records -> write
//
// A worker takes what is waiting, up to a full batch, so nothing ever waits for a batch to fill,
// and one that has all the work there is uses the others' threads for it:
// a slow pipe is answered record by record, and a fast one keeps the queue, and so the batches,
// full. Sequences are packed without padding, so batches need no sorting by length, and results
// do not depend on how records fall into them.
#pragma once

#include <any>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/cancel.h"
#include "io/record.h"
#include "io/record_reader.h"
#include "text/encoding.h"
#include "text/windows.h"

namespace convbert {

// A record on its way.
struct Job {
  Record record;
  Encoding encoding;
  Windows windows;          // of the encoding, where it is more than one sequence
  std::int64_t tokens = 0;  // that were made of it, for all windows and models
  std::int64_t weight = 1;  // what it adds to a batch: its tokens
  std::string output;       // the result, as its format wants it
  std::vector<std::pair<std::string, std::string>> arrays;  // or as named npy arrays
  std::any summary;     // or what one result of all records adds up
  std::string failure;  // why there is no result; "" if there is one
  std::string failure_kind = "input";

  bool failed() const { return !failure.empty(); }
};

// Computes a batch; may use `threads` threads of its own, more than one where others are idle.
using ComputeBatch = std::function<void(std::span<Job> batch, int threads)>;

struct PipelineStages {
  // On the reading thread: tokenize, say, and set the weight.
  std::function<void(Job&)> prepare;
  // Called once by each worker thread; the result is that worker's own, and computes batches.
  std::function<ComputeBatch()> make_worker;
  // On the calling thread, in order. False ends the run.
  std::function<bool(Job&)> write;
  // On the calling thread, after the last write of a batch: hand results on.
  std::function<void()> flush;
  // On the calling thread, a few times a second, with what has been read so far.
  std::function<void(const InputProgress&)> tick;
};

struct PipelineLimits {
  int workers = 1;
  std::int64_t batch_weight = 4096;  // of a batch; a record that is heavier makes a batch alone
  // How long a worker waits for a whole batch before it takes a smaller one: for work that costs
  // much however few records it is for.
  std::chrono::milliseconds patience{0};
};

// Runs until the source ends, write() returns false, or `cancel` is requested; then returns when
// what is under way has been finished, the results so far being a prefix of all. An exception of a
// stage ends the run and is thrown again here; one of the source or of prepare() after the results
// before it have been written. Holds a bounded number of records at a time.
// `cancel` must be the one that `source` listens to: a run that ends early requests it.
void run_pipeline(RecordSource& source, const PipelineStages& stages, const PipelineLimits& limits,
                  CancelToken& cancel);

}  // namespace convbert
