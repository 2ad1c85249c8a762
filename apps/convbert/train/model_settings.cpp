#include "train/model_settings.h"

#include "core/error.h"
#include "core/json.h"

namespace convbert::app {

DropoutRates ModelSettings::with_dropout(const std::optional<float>& asked) const {
  if (asked) return {.hidden = *asked, .attention = *asked, .head = *asked};
  return dropout;
}

ModelSettings read_settings(std::string_view text, const std::string& source) {
  const Json json = parse_json(text, source);
  const auto share = [&](const char* key, double fallback) {
    const double found = json_number(json, key, fallback, source);
    if (found < 0.0 || found >= 1.0) {
      throw Error(ErrorKind::format,
                  concat(source, ": expected \"", key, "\" from 0 to below 1, found ", found));
    }
    return found;
  };
  const double hidden = share("hidden_dropout_prob", 0.1);
  return {.dropout = {.hidden = static_cast<float>(hidden),
                      .attention = static_cast<float>(share("attention_probs_dropout_prob", 0.1)),
                      .head = static_cast<float>(share("classifier_dropout", hidden))},
          .initializer_range = share("initializer_range", 0.02)};
}

}  // namespace convbert::app
