// What config.json says of training, beside the model itself.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "train/trained_parts.h"

namespace convbert::app {

struct ModelSettings {
  DropoutRates dropout{};
  double initializer_range = 0.02;  // the deviation of new weights

  // The rates of dropout, or one instead of them all.
  DropoutRates with_dropout(const std::optional<float>& asked) const;
};

// As transformers reads them: a head has its own rate of dropout, or that of the hidden states.
// text: of config.json. Throws Error(format) that begins with `source`.
ModelSettings read_settings(std::string_view text, const std::string& source);

}  // namespace convbert::app
