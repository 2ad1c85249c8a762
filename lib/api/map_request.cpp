#include "api/map_request.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "core/error.h"

namespace convbert {
namespace {

void complete_list(std::vector<std::int64_t>& numbers, std::int64_t count, OptionName name) {
  if (numbers.empty()) {
    numbers.resize(static_cast<std::size_t>(count));
    std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
  }
  for (const std::int64_t number : numbers) {
    if (number < 0 || number >= count) {
      throw Error(ErrorKind::usage, name,
                  concat(": expected 0 to ", count - 1, ", found ", number));
    }
    if (std::ranges::count(numbers, number) > 1) {
      throw Error(ErrorKind::usage, name, concat(": expected each once, found ", number, " again"));
    }
  }
}

}  // namespace

bool is_of_convolution(MapType type) {
  return type == MapType::conv || type == MapType::conv_map || type == MapType::conv_norm;
}

MapRequest complete_request(MapRequest request, const ModelConfig& config) {
  complete_list(request.selection.layers, config.layers, {"selection.layers"});
  complete_list(request.selection.heads, config.attention_heads, {"selection.heads"});
  if (request.from < 0) {
    throw Error(ErrorKind::usage, OptionName{"from"},
                concat(": expected 0 or more, found ", request.from));
  }
  if (request.types.empty()) {
    request.types.push_back(MapType::attention);
    if (config.convolution) {
      request.types.push_back(request.words ? MapType::conv_map : MapType::conv);
    }
  }
  for (const MapType type : request.types) {
    if (is_of_convolution(type) && !config.convolution) {
      throw Error(ErrorKind::usage, OptionName{"types"},
                  concat(": ", info_of(type).flag, ": this model has no convolution"));
    }
  }
  if (request.words && request.has(MapType::conv)) {
    throw Error(ErrorKind::usage, OptionName{"types"},
                ": conv has windows of tokens, which no words have; expected conv-map");
  }
  return request;
}

}  // namespace convbert
