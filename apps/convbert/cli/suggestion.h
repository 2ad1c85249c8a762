// "did you mean": the known word that is nearest to a mistyped one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace convbert::app {

// The one of `known` that fewest edits (insert, delete, replace a character, swap two neighbours)
// lead to from `word`, if a third of its length is enough; else "". The first of equals.
std::string nearest_word(std::string_view word, std::span<const std::string> known);

// "; did you mean --format?", or "".
std::string did_you_mean(std::string_view word, std::span<const std::string> known);

}  // namespace convbert::app
