// What `convbert distill` is asked for.
#pragma once

#include <optional>
#include <string>

#include "distill/new_student.h"
#include "train/request.h"

namespace convbert::app {

// Of the vectors that the student learns.
enum class Coordinates { student, teacher };

struct DistillFlags {
  DistillFlags();

  TrainFlags train;
  std::string vectors;
  std::string dev_vectors;
  std::optional<std::string> labels;
  NewStudentSource made_from;
  std::optional<std::string> coordinates;
};
void add_distill_flags(CLI::App& command, DistillFlags& flags);

struct DistillRequest {
  TrainRequest train;
  std::string vectors;
  std::string dev_vectors;                    // "" without --dev
  std::optional<NewStudentSource> made_from;  // instead of a model that is there
  Coordinates coordinates;
};
// Throws Error(usage) naming the flag.
DistillRequest make_request(const DistillFlags& flags);

}  // namespace convbert::app
