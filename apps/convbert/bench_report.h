// What `convbert bench` has found, for people and for programs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench_measure.h"
#include "bench_workload.h"
#include "model/config.h"

namespace convbert::app {

struct ThroughputResult {
  Throughput measured;
  std::optional<double> peak_flops;  // of as many threads, each with a matrix product of its own
};

struct TokenizerResult {
  std::string name;  // of the sample
  TokenizerSpeed measured;
};

// Lists are empty for what was not measured.
struct BenchReport {
  std::string model;
  ModelConfig config;
  std::string precision;
  Workload workload;
  std::int64_t batch_tokens = 0;
  std::optional<double> load_seconds;
  std::vector<ThroughputResult> throughput;  // by number of threads
  std::vector<PartTime> parts;
  std::vector<Latency> latency;
  std::vector<TokenizerResult> tokenizer;

  // Of all threads together.
  double passes_per_second(const Throughput& throughput) const {
    return throughput.threads / throughput.pass_seconds;
  }
};

std::string to_table(const BenchReport& report);
// One object; kJsonKeys says what its keys mean.
std::string to_json(const BenchReport& report);
extern const char* const kJsonKeys;

}  // namespace convbert::app
