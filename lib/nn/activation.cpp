#include "nn/activation.h"

#include <utility>

namespace convbert::nn {
namespace {

constexpr std::pair<std::string_view, Activation> kNames[] = {
    {"identity", Activation::identity},   {"linear", Activation::identity},
    {"gelu", Activation::gelu},           {"gelu_python", Activation::gelu},
    {"gelu_new", Activation::gelu_tanh},  {"gelu_pytorch_tanh", Activation::gelu_tanh},
    {"gelu_fast", Activation::gelu_tanh}, {"relu", Activation::relu},
    {"silu", Activation::silu},           {"swish", Activation::silu},
    {"tanh", Activation::tanh},
};

}  // namespace

std::optional<Activation> activation_from_name(std::string_view name) {
  for (const auto& [known, activation] : kNames) {
    if (known == name) return activation;
  }
  return std::nullopt;
}

std::string_view name_of(Activation activation) {
  for (const auto& [name, known] : kNames) {
    if (known == activation) return name;
  }
  return "unknown";
}

}  // namespace convbert::nn
