// How far a run is, for a person who watches, and what it came to.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/console.h"
#include "io/record_reader.h"
#include "pipeline/pipeline.h"

namespace convbert::app {

// Where a run begins: behind what an earlier, interrupted one has written.
struct ProgressStart {
  std::int64_t records = 0;
  std::int64_t failed = 0;
  InputProgress input;  // read for them
};

// What a run has done since it began, or was taken up.
struct ProgressFigures {
  std::int64_t records = 0;  // those of an earlier run included
  std::int64_t tokens = 0;
  double seconds = 0;
  InputProgress input;             // what an earlier run had read included
  std::int64_t resumed_bytes = 0;  // of the input, read for that
};
// "1:05", or "2:01:05".
std::string clock_text(double seconds);
// The same for wide and for narrow terminals: each line is shorter than the one before.
std::vector<std::string> progress_lines(const ProgressFigures& figures);

class Progress {
 public:
  // `reads_terminal`: a person types the records, and needs to see them instead of a bar.
  Progress(Console& console, const ProgressStart& start, bool reads_terminal);

  void count(const Job& job);  // once it has been written
  void show(const InputProgress& input);
  void summarize();

  std::int64_t records() const { return records_; }
  std::int64_t failed() const { return failed_; }

 private:
  double seconds() const;

  Console& console_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::int64_t resumed_;
  std::int64_t resumed_bytes_;
  bool is_shown_;
  std::int64_t records_;
  std::int64_t failed_;
  std::int64_t truncated_ = 0;
  std::int64_t tokens_cut_ = 0;
  std::int64_t tokens_ = 0;
};

}  // namespace convbert::app
