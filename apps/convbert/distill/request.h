// What `convbert distill` is asked for.
#pragma once

#include <string>

#include "train/request.h"

namespace convbert::app {

// Of the vectors that the student learns.
enum class Coordinates { student, teacher };

struct DistillFlags {
  DistillFlags();

  TrainFlags train;
  std::string vectors;
  std::string dev_vectors;
  std::string coordinates = "student";
};
void add_distill_flags(CLI::App& command, DistillFlags& flags);

struct DistillRequest {
  TrainRequest train;
  std::string vectors;
  std::string dev_vectors;  // "" without --dev
  Coordinates coordinates;
};
// Throws Error(usage) naming the flag.
DistillRequest make_request(const DistillFlags& flags);

}  // namespace convbert::app
