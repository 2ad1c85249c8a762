// The table of contents of a zip archive in memory, for archives that store without compressing.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>

namespace convbert {

// By name, views of the files' bytes inside `archive`; folders are left out. Checks bounds,
// duplicate names, method (stored only), encryption and CRC-32 of every file, through minizip.
// Throws Error(format) that begins with `source`.
std::map<std::string, std::span<const std::byte>> read_zip_directory(
    std::span<const std::byte> archive, const std::string& source);

}  // namespace convbert
