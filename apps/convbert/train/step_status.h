// How far a run of training is, for a person who watches.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "cli/console.h"

namespace convbert::app {

// What is told of a run that is taken up, one that a signal stops, and one that fails.
std::string taken_up_text(const std::string& state_path, std::int64_t step, std::int64_t all);
std::string stopped_text(std::int64_t step, std::int64_t all);
std::string diverged_text(std::int64_t step, double learning_rate);

class StepStatus {
 public:
  explicit StepStatus(Console& console) : console_(console) {}

  // The run begins here, or is taken up.
  void begin(std::int64_t step);
  void count(std::int64_t tokens) { tokens_ += tokens; }

  struct Step {
    std::string place;  // "epoch 3  " or ""
    std::int64_t step;
    std::int64_t all;
    double loss;
    double learning_rate;
  };
  // Shown at most five times a second.
  void show(const Step& step);
  double tokens_per_second() const;

 private:
  using Clock = std::chrono::steady_clock;
  double seconds() const;

  Console& console_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point shown_ = start_;
  std::int64_t first_step_ = 0;
  std::int64_t tokens_ = 0;
};

}  // namespace convbert::app
