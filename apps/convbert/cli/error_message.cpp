#include "cli/error_message.h"

#include <string_view>
#include <utility>

namespace convbert::app {

std::string message_of(const Error& error) {
  constexpr std::pair<std::string_view, std::string_view> kFlags[] = {
      {"dim", "--dim"},
      {"from", "--from"},
      {"layer", "--layer"},
      {"max_length", "--max-length"},
      {"size", "--size"},
      {"width", "--width"},
      {"truncation", "--truncation"}};
  const std::string message = error.what();
  for (const auto& [option, flag] : kFlags) {
    if (error.option() == option) return concat(flag, message.substr(option.size()));
  }
  return message;
}

}  // namespace convbert::app
