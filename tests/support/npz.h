// Reads the float32 arrays of an npz file, as numpy.savez writes them.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/tensor.h"

namespace convbert::test {

struct Array {
  Shape shape;
  std::vector<float> values;
};

// Of an archive that holds nothing else.
std::map<std::string, Array> read_npz(const std::filesystem::path& path);
// The others are left out.
std::map<std::string, Array> read_npz_floats(const std::filesystem::path& path);
// Names of all arrays, sorted.
std::vector<std::string> npz_names(const std::filesystem::path& path);

}  // namespace convbert::test
