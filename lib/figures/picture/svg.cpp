#include "figures/picture/svg.h"

#include <algorithm>
#include <array>
#include <map>

namespace convbert {
namespace {

// What names stand behind. An image's data has neither " nor #.
constexpr std::array<std::string_view, 3> kLeads = {" id=\"", "href=\"#", "url(#"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'; }

// The length of a name at the start of the text that ends with a number: "image", 12 of "image12".
struct Name {
  std::size_t letters;
  std::size_t digits;
};

Name name_at(std::string_view text) {
  const auto letters = std::ranges::find_if_not(text, is_letter) - text.begin();
  const std::string_view rest = text.substr(static_cast<std::size_t>(letters));
  const auto digits = std::ranges::find_if_not(rest, is_digit) - rest.begin();
  return {static_cast<std::size_t>(letters), static_cast<std::size_t>(digits)};
}

}  // namespace

std::string settled_svg(std::string_view svg, bool is_sharp) {
  constexpr std::string_view kRoot = "<svg ";
  // A viewer takes the last that it knows: the first is of SVG 1.1, the second of today's CSS.
  constexpr std::string_view kSharp =
      "style=\"image-rendering:optimizeSpeed;image-rendering:pixelated\" ";
  std::string settled;
  settled.reserve(svg.size() + kSharp.size());
  std::map<std::string, std::size_t, std::less<>> numbers;
  const std::size_t root = svg.find(kRoot);
  for (std::size_t at = 0; at < svg.size();) {
    if (at == root) {
      settled.append(kRoot).append(is_sharp ? kSharp : "");
      at += kRoot.size();
      continue;
    }
    const std::string_view rest = svg.substr(at);
    const auto lead =
        std::ranges::find_if(kLeads, [&](std::string_view lead) { return rest.starts_with(lead); });
    const std::size_t before = lead == kLeads.end() ? 0 : lead->size();
    const Name name = before == 0 ? Name{0, 0} : name_at(rest.substr(before));
    if (name.letters == 0 || name.digits == 0) {
      settled += svg[at++];
      continue;
    }
    const std::string_view whole = rest.substr(before, name.letters + name.digits);
    const std::size_t number =
        numbers.try_emplace(std::string(whole), numbers.size()).first->second;
    settled.append(rest.substr(0, before + name.letters)).append(std::to_string(number));
    at += before + whole.size();
  }
  return settled;
}

}  // namespace convbert
