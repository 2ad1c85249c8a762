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

std::map<std::string, Array> read_npz(const std::filesystem::path& path);

}  // namespace convbert::test
