// How a flag or request that cannot be carried out is refused.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "core/error.h"

namespace convbert::app {

// usage_error("--dim: expected 1 to ", most, ", found ", dim): names the flag, what was expected,
// what was found, and what to do.
template <class... Parts>
[[noreturn]] void usage_error(const Parts&... parts) {
  throw Error(ErrorKind::usage, concat(parts...));
}

// Runs `call`. What it cannot carry out is told as a user of flags says it: the library's
// "max_length: expected ..." becomes "--max-length: expected ...".
template <class Call>
auto naming_flags(Call call) {
  constexpr std::pair<std::string_view, std::string_view> kFlags[] = {
      {"max_length:", "--max-length:"},
      {"layer:", "--layer:"},
      {"dim:", "--dim:"},
      {"size:", "--size:"}};
  try {
    return call();
  } catch (const Error& error) {
    const std::string message = error.what();
    for (const auto& [option, flag] : kFlags) {
      if (error.kind() == ErrorKind::usage && message.starts_with(option)) {
        usage_error(flag, message.substr(option.size()));
      }
    }
    throw;
  }
}

}  // namespace convbert::app
