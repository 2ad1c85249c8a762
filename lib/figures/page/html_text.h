// Text in HTML.
#pragma once

#include <string>
#include <string_view>

namespace convbert {

// As it may stand in an element or in an attribute's double quotes.
inline std::string html_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

}  // namespace convbert
