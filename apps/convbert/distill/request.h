// What `convbert distill` is asked for.
#pragma once

#include <string>

#include "train/request.h"

namespace convbert::app {

struct DistillFlags {
  DistillFlags();

  TrainFlags train;
  std::string vectors;
  std::string dev_vectors;
};
void add_distill_flags(CLI::App& command, DistillFlags& flags);

struct DistillRequest {
  TrainRequest train;
  std::string vectors;
  std::string dev_vectors;  // "" without --dev
};
// Throws Error(usage) naming the flag.
DistillRequest make_request(const DistillFlags& flags);

}  // namespace convbert::app
