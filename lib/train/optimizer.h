// AdamW (Loshchilov and Hutter 2019) and the learning rates it follows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "train/parameters.h"

namespace convbert {

enum class DecayOf {
  matrices,    // and tables and filters: not biases and norms, as BERT's authors did
  everything,  // as torch.optim.AdamW by default
};

struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.01;
  DecayOf decays = DecayOf::matrices;
  double layer_decay = 1.0;  // each layer's learning rate is that of the layer above times this
  double head_factor = 1.0;  // a head's is the highest layer's times this
};

// Running means of a gradient and of its square.
struct Moments {
  std::vector<float> mean;
  std::vector<float> square;
};

// With bias correction, as torch.optim.AdamW:
//   w -= rate decay w;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;
//   w -= rate m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + epsilon)
// Tensors without a gradient (frozen ones, tied ones) have no moments and stay.
class AdamW {
 public:
  // Moments of zero, for the tensors that have a gradient and values of their own.
  AdamW(const Parameters& parameters, const Gradients& gradients, const AdamWOptions& options);

  // One step. `scale` is multiplied to every gradient first: of clipping, or of accumulation. Each
  // element by itself, so the result does not depend on `threads`.
  void step(Parameters& parameters, const Gradients& gradients, double learning_rate, double scale,
            int threads);

  std::int64_t steps() const { return steps_; }
  // To save and to resume.
  const BasicModelWeights<Moments>& moments() const { return moments_; }
  BasicModelWeights<Moments>& moments() { return moments_; }
  void set_steps(std::int64_t steps) { steps_ = steps; }

 private:
  AdamWOptions options_;
  std::int64_t steps_ = 0;
  BasicModelWeights<Moments> moments_;
};

// What training changes, in one order, to save and to go on from: parameters that are trained and
// their moments.
enum class StateRole { parameter, mean, square };
struct StateTensor {
  std::string name;  // the parameter's
  StateRole role;
  std::vector<float>* floats;
};
// prefix: of the names.
void add_state(Parameters& parameters, const Gradients& gradients, AdamW& optimizer,
               std::string_view prefix, std::vector<StateTensor>& state);

// The parameters of a state, in its order: to keep them, and to go back to them.
using SavedParameters = std::vector<std::vector<float>>;
SavedParameters save_parameters(const std::vector<StateTensor>& state);
void restore_parameters(const SavedParameters& saved, const std::vector<StateTensor>& state);

// What makes a gradient of that norm one of at most `most`: a factor for AdamW::step(), as
// torch.nn.utils.clip_grad_norm_. most: 0 for no limit.
double clip_scale(double norm, double most);

enum class Schedule { linear, cosine, constant };
std::string_view name_of(Schedule schedule);
std::optional<Schedule> schedule_from_name(std::string_view name);

// The learning rate of a step, from 0, as a share of the highest: it rises over the warm-up, then
// falls to zero along a line or half a cosine, or stays.
struct ScheduleOptions {
  Schedule schedule = Schedule::linear;
  std::int64_t steps = 1;
  std::int64_t warmup_steps = 0;
};
double rate_at(const ScheduleOptions& options, std::int64_t step);

}  // namespace convbert
