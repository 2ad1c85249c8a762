// Activation functions, under the names that Hugging Face's configurations use.
#pragma once

#include <optional>
#include <string_view>

namespace convbert::nn {

enum class Activation {
  identity,
  gelu,       // x/2 (1 + erf(x / sqrt 2))
  gelu_tanh,  // x/2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), "gelu_new"
  relu,
  silu,  // x / (1 + exp(-x)), "swish"
  tanh,
};

// Nothing for a name that is not known.
std::optional<Activation> activation_from_name(std::string_view name);
std::string_view name_of(Activation activation);

}  // namespace convbert::nn
