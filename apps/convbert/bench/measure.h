// What `convbert bench` measures, each by repeating it and taking the median.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/workload.h"
#include "core/batch.h"
#include "model/encoder.h"
#include "text/tokenizer.h"

namespace convbert::app {

// How long to repeat, and how often at least.
struct Repetition {
  double seconds = 2;
  int least = 3;
};

// A pass: every thread computes all batches, on its own, as the pipeline's workers do, and pools
// each text to its mean vector. So n threads do n times the work.
struct Throughput {
  int threads;
  int passes;
  double pass_seconds;  // median, till the last thread is done
};
Throughput measure_throughput(const Encoder& encoder, std::span<const Batch> batches, int threads,
                              const Repetition& repetition);

// Where the time of a pass goes, in the order of the computation; of parts that the model has.
struct PartTime {
  std::string_view name;
  double pass_seconds;  // median, of one pass on one thread
};
std::vector<PartTime> measure_parts(const Encoder& encoder, std::span<const Batch> batches,
                                    const Repetition& repetition);

// One text of `tokens` tokens, alone, from its token ids to its vector, all threads on it.
struct Latency {
  int threads;
  std::int64_t tokens;
  int repetitions;
  double median_seconds;
  double p90_seconds;
};
Latency measure_latency(const Encoder& encoder, std::int64_t tokens, int threads,
                        const Repetition& repetition);

// Of the UTF-8 bytes of `lines`, tokenized one by one on one thread.
struct TokenizerSpeed {
  int passes;
  std::int64_t bytes;
  double bytes_per_second;  // median
};
TokenizerSpeed measure_tokenizer(const Tokenizer& tokenizer, std::span<const std::string> lines,
                                 const Repetition& repetition);

}  // namespace convbert::app
