// Vectors that a flag names the file of.
#pragma once

#include <string>

#include "io/npy_matrix.h"

namespace convbert::app {

// Throws as NpyMatrix does; what is no such array is told with the flag and with what writes one.
NpyMatrix open_vectors(const char* flag, const std::string& path);

}  // namespace convbert::app
