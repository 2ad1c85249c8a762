// What `convbert pretrain` is asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/request.h"
#include "train/learning_flags.h"
#include "train/new_model.h"
#include "train/optimizer.h"
#include "train/packing.h"

namespace convbert::app {

struct PretrainFlags : LearningFlags {
  std::vector<std::string> held_out;
  std::optional<double> held_out_share;
  NewModelSource source;
  std::string objective;
  double mask = 0.15;
  std::optional<double> generator_size;
  std::optional<double> discriminator_weight;
  std::string packing = "full";
  std::int64_t shuffle = 1 << 16;
  std::int64_t steps = 10000;
  std::int64_t batch_size = 128;
  std::optional<double> learning_rate;
  double adam_epsilon = 1e-6;
  std::int64_t checkpoints = 0;
};
void add_pretrain_flags(CLI::App& command, PretrainFlags& flags);

enum class PretrainingObjective { masked, replaced };
inline std::string_view name_of(PretrainingObjective objective) {
  return objective == PretrainingObjective::masked ? "masked" : "replaced";
}

struct PretrainRequest {
  RecordRequest record;   // whose output is of no use; its model is one to go on from, or ""
  InputRequest held_out;  // no paths: a share of the input
  double held_out_share;  // of the documents
  std::string directory;
  std::optional<NewModelSource> source;  // of a new model
  PretrainingObjective objective;
  double mask;
  std::optional<double> generator_size;  // a share of the model's widths
  double discriminator_weight;
  Packing packing;
  std::int64_t max_length;
  std::int64_t shuffle;  // sequences
  std::int64_t steps;
  std::int64_t batch_size;  // sequences
  double learning_rate;
  double warmup;
  Schedule schedule;
  double weight_decay;
  double adam_epsilon;
  double clip;
  std::optional<float> dropout;  // instead of the configuration's
  std::uint64_t seed;
  std::int64_t checkpoints;  // 0: none
  std::int64_t save_every;   // steps
  bool resume;
  std::string log;  // "": none

  bool has_generator() const { return objective == PretrainingObjective::replaced; }
};
// Of a request that does not say.
inline constexpr double kGeneratorSize = 0.25;

// Throws Error(usage) naming the flag.
PretrainRequest make_request(const PretrainFlags& flags);

}  // namespace convbert::app
