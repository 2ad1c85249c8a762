// numpy's array format, version 1.0 (numpy.lib.format):
//   6 bytes  "\x93NUMPY", 2 bytes version, 2 bytes little-endian length of the header
//   header   {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }, spaces, '\n'; all of the
//            above fills a multiple of 64 bytes
//   data     row-major, little-endian
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"
#include "io/output_file.h"

namespace convbert {

// Everything before the data. `descr` is '<f4', '<i8', '<U7' and so on. The header of a matrix has
// the same size whatever its number of rows, so that the number can be set when it is known.
std::string npy_header(std::string_view descr, const Shape& shape);

// Whole arrays, header and data.
std::string npy_array(const Shape& shape, std::span<const float> values);
std::string npy_array(const Shape& shape, std::span<const std::int64_t> values);
// One dimension of strings: '<U' and the length of the longest, in UTF-32, padded with zeros.
// The texts must be well-formed UTF-8. Throws Error(input) for one that is too long: every other
// would take its room.
inline constexpr std::size_t kMostNpyCharacters = 4096;
std::string npy_array(const std::vector<std::string>& texts);

// The same array of texts that come one by one: how wide it is, is known only at its end, so that
// they wait in a temporary file. In memory it takes a quarter of a megabyte.
class NpyStrings {
 public:
  NpyStrings();

  // Throws as npy_array(), and then holds what it held before.
  void add(std::string_view text);
  // The whole array, header and data, piece by piece. Once, after the last add().
  void write(const std::function<void(std::string_view)>& visit);

 private:
  OutputFile spool_;    // of each text the number of its characters, then they
  std::string buffer_;  // that goes there next
  std::uint64_t longest_ = 1;
  std::int64_t count_ = 0;
};

}  // namespace convbert
