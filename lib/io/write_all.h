// All of some bytes into a descriptor that blocks.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace convbert {

// Throws Error(system) naming `path`.
void write_all(int descriptor, std::span<const std::byte> bytes, const std::string& path);

}  // namespace convbert
