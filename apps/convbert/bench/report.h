// What `convbert bench` has found, for people and for programs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/measure.h"
#include "bench/workload.h"
#include "model/config.h"
#include "nn/peak.h"

namespace convbert::app {

// What matrix products reach at best.
struct Peak {
  int threads;
  nn::Precision precision;
  double flops;  // a second, of all threads together
};

struct TokenizerResult {
  std::string name;  // of the sample
  TokenizerSpeed measured;
};

// Lists are empty for what was not measured.
struct BenchReport {
  std::string model;
  ModelConfig config;
  nn::Precision precision = nn::Precision::f32;
  Workload workload;
  std::int64_t batch_tokens = 0;
  std::optional<double> load_seconds;
  std::vector<Throughput> throughput;  // by number of threads
  std::vector<Peak> peaks;
  std::vector<PartTime> parts;
  std::vector<Latency> latency;
  std::vector<TokenizerResult> tokenizer;
};

std::string to_table(const BenchReport& report);
// One object; kJsonKeys says what its keys mean.
std::string to_json(const BenchReport& report);
extern const char* const kJsonKeys;

}  // namespace convbert::app
