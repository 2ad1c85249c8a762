// numpy's array format, version 1.0 (numpy.lib.format):
//   6 bytes  "\x93NUMPY", 2 bytes version, 2 bytes little-endian length of the header
//   header   {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }, spaces, '\n'; all of the
//            above fills a multiple of 64 bytes
//   data     row-major, little-endian
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"

namespace convbert {

// Everything before the data. `descr` is '<f4', '<i8', '<U7' and so on. The header of a matrix has
// the same size whatever its number of rows, so that the number can be set when it is known.
std::string npy_header(std::string_view descr, const Shape& shape);

// Whole arrays, header and data.
std::string npy_array(const Shape& shape, std::span<const float> values);
std::string npy_array(const Shape& shape, std::span<const std::int64_t> values);
// One dimension of strings: '<U' and the length of the longest, in UTF-32, padded with zeros.
// The texts must be well-formed UTF-8.
std::string npy_array(const std::vector<std::string>& texts);

}  // namespace convbert
