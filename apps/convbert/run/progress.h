// How far a run is, for a person who watches, and what it came to.
#pragma once

#include <chrono>
#include <cstdint>

#include "cli/console.h"
#include "io/record_reader.h"
#include "pipeline/pipeline.h"

namespace convbert::app {

class Progress {
 public:
  explicit Progress(Console& console) : console_(console) {}

  void count(const Job& job);  // once it has been written
  void show(const InputProgress& input);
  void summarize();

  std::int64_t records() const { return records_; }
  std::int64_t failed() const { return failed_; }
  // Records that an earlier, interrupted run has written.
  void start_from(std::int64_t records, std::int64_t failed);

 private:
  double seconds() const;

  Console& console_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::int64_t resumed_ = 0;
  std::int64_t records_ = 0;
  std::int64_t failed_ = 0;
  std::int64_t truncated_ = 0;
  std::int64_t tokens_cut_ = 0;
  std::int64_t tokens_ = 0;
};

}  // namespace convbert::app
