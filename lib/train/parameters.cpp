#include "train/parameters.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <type_traits>

#include "core/random.h"
#include "model/load.h"
#include "nn/dropout.h"
#include "nn/row_loops.h"

namespace convbert {
namespace {

bool is_tied(const Parameters& parameters) {
  return parameters.head && parameters.head->output.weight.floats.empty();
}

std::size_t size_of(const Shape& shape) { return static_cast<std::size_t>(*element_count(shape)); }

// Tensors that nothing has been learnt of yet, each with random numbers of its own.
struct NewValues {
  std::uint64_t seed;
  double deviation;
  std::uint64_t tensor = 0;

  double uniform(std::uint64_t index) const {  // above 0, up to 1
    return convbert::uniform(nn::random_key({seed, tensor, index})) + 0x1p-53;
  }

  // is_tied: the numbers are another tensor's.
  template <class Role>
  void fill(Role& values, const StoredWeight& from, bool is_tied) {
    values.name = from.name;
    values.shape = from.shape;
    ++tensor;
    if (is_tied) return;
    values.floats.resize(size_of(from.shape));
    if constexpr (std::is_same_v<Role, NormScaleOf<Values>>) {
      std::ranges::fill(values.floats, 1.0f);
    } else if constexpr (kIsMatrix<Role>) {
      for (std::size_t i = 0; i < values.floats.size(); ++i) {  // Box and Muller 1958
        const double radius = std::sqrt(-2.0 * std::log(uniform(2 * i)));
        const double angle = 2.0 * std::numbers::pi * uniform(2 * i + 1);
        values.floats[i] = static_cast<float>(deviation * radius * std::cos(angle));
      }
    }
  }
};

void copy(Values& values, const StoredWeight& from) {
  values.name = from.name;
  values.shape = from.shape;
  values.floats.resize(size_of(from.shape));
  from.stored->copy_to(values.floats);
}

}  // namespace

const Values& output_weight(const Parameters& parameters) {
  if (is_tied(parameters)) return parameters.encoder.words;
  return parameters.head->output.weight;
}

Parameters load_parameters(const Checkpoint& checkpoint, const ModelConfig& config,
                           const HeadForm* head, std::int64_t outputs) {
  BasicModelWeights<StoredWeight> stored{.encoder = encoder_layout(config), .head = {}};
  WeightBinder binder(checkpoint, config);
  binder.bind(stored.encoder);
  if (head != nullptr) binder.bind(stored.head.emplace(head_layout(*head, config, outputs)));
  auto parameters = same_structure<Parameters>(stored);
  for_each_tensor(copy, parameters, stored);
  if (parameters.head && parameters.head->output.weight.name == parameters.encoder.words.name) {
    parameters.head->output.weight.floats = {};  // and its memory
  }
  return parameters;
}

BasicHeadWeights<Values> load_head(const Checkpoint& checkpoint, const ModelConfig& config,
                                   const HeadForm& head, std::int64_t outputs) {
  HeadWeights stored = head_layout(head, config, outputs);
  bind_alone(stored, checkpoint);
  auto weights = same_structure<BasicHeadWeights<Values>>(stored);
  for_each_tensor(copy, weights, stored);
  return weights;
}

void add_new_head(Parameters& parameters, const ModelConfig& config, const HeadForm& head,
                  std::int64_t outputs, std::uint64_t seed, double deviation) {
  const HeadWeights layout = head_layout(head, config, outputs);
  auto made = same_structure<BasicHeadWeights<Values>>(layout);
  NewValues new_values{.seed = seed, .deviation = deviation};
  const auto fill = [&]<class Role>(Role& values, const StoredWeight& from) {
    const bool is_tied = from.name == parameters.encoder.words.name;
    new_values.fill(values, from, is_tied);
  };
  for_each_tensor(fill, made, layout);
  parameters.head = std::move(made);
}

Parameters new_parameters(const ModelConfig& config, std::uint64_t seed, double deviation) {
  constexpr std::uint64_t kBehindHeads = 1 << 16;  // numbers of tensors
  const BasicModelWeights<StoredWeight> layout{.encoder = encoder_layout(config), .head = {}};
  auto parameters = same_structure<Parameters>(layout);
  NewValues new_values{.seed = seed, .deviation = deviation, .tensor = kBehindHeads};
  const auto fill = [&]<class Role>(Role& values, const StoredWeight& from) {
    new_values.fill(values, from, false);
  };
  for_each_tensor(fill, parameters, layout);
  return parameters;
}

void scale_outputs(BasicHeadWeights<Values>& head, double factor, double shift) {
  const auto scale = [&](std::vector<float>& values, double added) {
    for (float& value : values) value = static_cast<float>(factor * value + added);
  };
  scale(head.output.weight.floats, 0.0);
  scale(head.output.bias.floats, shift);
}

Gradients allocate_gradients(const Parameters& parameters, const Freeze& freeze) {
  auto gradients = same_structure<Gradients>(parameters);
  const auto allocate = [](Gradient& gradient, const Values& values) {
    gradient.floats.resize(size_of(values.shape));
  };
  for_each_tensor(allocate, gradients, parameters);
  const auto drop = [](Gradient& gradient) { gradient.floats = {}; };
  if (freeze.freezes_embeddings()) {
    auto& encoder = gradients.encoder;
    for (Gradient* gradient : std::initializer_list<Gradient*>{
             &encoder.words, &encoder.positions, &encoder.types, &encoder.embedding_norm.scale,
             &encoder.embedding_norm.shift}) {
      drop(*gradient);
    }
    if (encoder.embedding_projection) for_each_tensor(drop, *encoder.embedding_projection);
  }
  for (std::int64_t layer = 0; layer < freeze.layers; ++layer) {
    for_each_tensor(drop, gradients.encoder.layers.at(static_cast<std::size_t>(layer)));
  }
  return gradients;
}

void clear(Gradients& gradients) {
  const auto zero = [](Gradient& gradient) {
    std::ranges::fill(gradient.floats, 0.0f);
    gradient.turns = 0;
  };
  for_each_tensor(zero, gradients);
}

void fold_tied(const Parameters& parameters, Gradients& gradients) {
  if (!is_tied(parameters)) return;
  std::vector<float>& tied = gradients.head->output.weight.floats;
  std::vector<float>& words = gradients.encoder.words.floats;
  if (!words.empty()) nn::add_in_place(words.data(), tied.data(), std::ssize(words));
  std::ranges::fill(tied, 0.0f);
}

double norm(const Gradients& gradients) {
  double squares = 0.0;
  const auto add = [&](const Gradient& gradient) {
    for (const float value : gradient.floats) squares += static_cast<double>(value) * value;
  };
  for_each_tensor(add, gradients);
  return std::sqrt(squares);
}

}  // namespace convbert
