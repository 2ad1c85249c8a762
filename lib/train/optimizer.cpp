#include "train/optimizer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/threads.h"

namespace convbert {
namespace {

// One tensor of a step.
struct Update {
  std::vector<float>& values;
  const std::vector<float>& gradient;
  Moments& moments;
  double learning_rate;
  double decay;
};

struct Corrections {
  double mean;    // 1 - b1^t
  double square;  // 1 - b2^t
};

void update(const Update& tensor, const AdamWOptions& options, const Corrections& corrections,
            float scale) {
  const auto keep = static_cast<float>(1.0 - tensor.learning_rate * tensor.decay);
  const auto rate = static_cast<float>(tensor.learning_rate / corrections.mean);
  const auto inverse_root = static_cast<float>(1.0 / std::sqrt(corrections.square));
  const auto beta1 = static_cast<float>(options.beta1);
  const auto beta2 = static_cast<float>(options.beta2);
  const auto rest1 = static_cast<float>(1.0 - options.beta1);
  const auto rest2 = static_cast<float>(1.0 - options.beta2);
  const auto epsilon = static_cast<float>(options.epsilon);
  float* values = tensor.values.data();
  float* means = tensor.moments.mean.data();
  float* squares = tensor.moments.square.data();
  const float* gradients = tensor.gradient.data();
  const std::size_t count = tensor.values.size();
  for (std::size_t i = 0; i < count; ++i) {
    const float gradient = gradients[i] * scale;
    const float mean = beta1 * means[i] + rest1 * gradient;
    const float square = beta2 * squares[i] + rest2 * gradient * gradient;
    means[i] = mean;
    squares[i] = square;
    values[i] = keep * values[i] - rate * mean / (std::sqrt(square) * inverse_root + epsilon);
  }
}

// In the order of the enumeration.
constexpr std::array<std::string_view, 3> kScheduleNames{"linear", "cosine", "constant"};

}  // namespace

AdamW::AdamW(const Parameters& parameters, const Gradients& gradients, const AdamWOptions& options)
    : options_(options), moments_(same_structure<BasicModelWeights<Moments>>(gradients)) {
  const auto allocate = [](Moments& moments, const Values& values, const Gradient& gradient) {
    if (values.floats.empty()) return;  // tied: its gradient is added to that of the words
    moments.mean.resize(gradient.floats.size());
    moments.square.resize(gradient.floats.size());
  };
  for_each_tensor(allocate, moments_, parameters, gradients);
}

void AdamW::step(Parameters& parameters, const Gradients& gradients, double learning_rate,
                 double scale, int threads) {
  ++steps_;
  const Corrections corrections{1.0 - std::pow(options_.beta1, static_cast<double>(steps_)),
                                1.0 - std::pow(options_.beta2, static_cast<double>(steps_))};
  std::vector<Update> updates;
  double rate = learning_rate * options_.head_factor;
  const auto add = [&]<class Role>(Role& values, const Gradient& gradient, Moments& moments) {
    if (values.floats.empty() || gradient.floats.empty()) return;
    const bool decays = kIsMatrix<Role> || options_.decays == DecayOf::everything;
    updates.push_back(
        {values.floats, gradient.floats, moments, rate, decays ? options_.weight_decay : 0.0});
  };
  // From the head down.
  if (parameters.head) for_each_tensor(add, *parameters.head, *gradients.head, *moments_.head);
  rate = learning_rate;
  auto& encoder = parameters.encoder;
  for (std::size_t i = encoder.layers.size(); i-- > 0;) {
    rate *= options_.layer_decay;
    for_each_tensor(add, encoder.layers[i], gradients.encoder.layers[i],
                    moments_.encoder.layers[i]);
  }
  rate *= options_.layer_decay;
  add(encoder.words, gradients.encoder.words, moments_.encoder.words);
  add(encoder.positions, gradients.encoder.positions, moments_.encoder.positions);
  add(encoder.types, gradients.encoder.types, moments_.encoder.types);
  for_each_tensor(add, encoder.embedding_norm, gradients.encoder.embedding_norm,
                  moments_.encoder.embedding_norm);
  for_each_tensor(add, encoder.embedding_projection, gradients.encoder.embedding_projection,
                  moments_.encoder.embedding_projection);
  share_out(updates.size(), threads, [&](std::size_t index, std::size_t) {
    const FlushDenormals flush;
    update(updates[index], options_, corrections, static_cast<float>(scale));
  });
}

void add_state(Parameters& parameters, const Gradients& gradients, AdamW& optimizer,
               std::string_view prefix, std::vector<StateTensor>& state) {
  const auto add = [&](Values& values, const Gradient& gradient, Moments& moments) {
    if (values.floats.empty() || gradient.floats.empty()) return;
    const std::string name = concat(prefix, values.name);
    state.push_back({name, StateRole::parameter, &values.floats});
    state.push_back({name, StateRole::mean, &moments.mean});
    state.push_back({name, StateRole::square, &moments.square});
  };
  for_each_tensor(add, parameters, gradients, optimizer.moments());
}

SavedParameters save_parameters(const std::vector<StateTensor>& state) {
  SavedParameters saved;
  for (const StateTensor& tensor : state) {
    if (tensor.role == StateRole::parameter) saved.push_back(*tensor.floats);
  }
  return saved;
}

void restore_parameters(const SavedParameters& saved, const std::vector<StateTensor>& state) {
  std::size_t next = 0;
  for (const StateTensor& tensor : state) {
    if (tensor.role == StateRole::parameter) *tensor.floats = saved.at(next++);
  }
}

double clip_scale(double norm, double most) {
  if (most <= 0.0) return 1.0;
  constexpr double kEpsilon = 1e-6;  // PyTorch's
  return std::min(1.0, most / (norm + kEpsilon));
}

std::string_view name_of(Schedule schedule) {
  return kScheduleNames[static_cast<std::size_t>(schedule)];
}

std::optional<Schedule> schedule_from_name(std::string_view name) {
  const auto found = std::ranges::find(kScheduleNames, name);
  if (found == kScheduleNames.end()) return std::nullopt;
  return static_cast<Schedule>(found - kScheduleNames.begin());
}

double rate_at(const ScheduleOptions& options, std::int64_t step) {
  const auto at = static_cast<double>(step);
  const auto warmup = static_cast<double>(options.warmup_steps);
  if (step < options.warmup_steps) return (at + 1.0) / warmup;
  const double rest = std::max(1.0, static_cast<double>(options.steps) - warmup);
  const double done = std::clamp((at - warmup) / rest, 0.0, 1.0);
  switch (options.schedule) {
    case Schedule::linear: return 1.0 - done;
    case Schedule::cosine: return 0.5 * (1.0 + std::cos(std::numbers::pi * done));
    case Schedule::constant: return 1.0;
  }
  throw Error(ErrorKind::internal, "rate_at: unknown schedule");
}

}  // namespace convbert
