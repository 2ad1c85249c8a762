#include "run/unique_names.h"

#include <span>

#include "core/utf8.h"
#include "text/unicode.h"

namespace convbert::app {
namespace {

// visit(c) for each part of the character.
template <class Visit>
void decompose(char32_t c, Visit visit) {
  const unicode::Decomposition parts = unicode::decompose(c);
  for (const char32_t part : std::span(parts.characters, static_cast<std::size_t>(parts.count))) {
    visit(part);
  }
}

}  // namespace

std::string folded_name(const std::string& name) {
  std::string folded;
  for (std::size_t position = 0; position < name.size();) {
    decompose(decode_utf8(name, position), [&](char32_t part) {
      const unicode::Lowercase lower = unicode::lowercase(part);
      for (const char32_t c : std::span(lower.characters, static_cast<std::size_t>(lower.count))) {
        append_utf8(folded, c);
      }
    });
  }
  return folded;
}

}  // namespace convbert::app
