// Data that is no UTF-8 text, recognised by its first bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace convbert {

// How many bytes of the start are looked at, where so many are there.
inline constexpr std::size_t kForeignHead = 512;

// What begins with these bytes and what to do with it, on one line: text in UTF-16 or UTF-32, an
// archive, a picture, a table of another program. Nothing for what may be text.
std::optional<std::string> foreign_data(std::string_view head);

// Could bytes to come make these few the start of such data, or of a byte order mark?
bool is_undecided(std::string_view head);

}  // namespace convbert
