// A matrix in numpy's array format (io/npy.h), read where it lies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "core/dtype.h"
#include "core/mapped_file.h"
#include "core/tensor.h"

namespace convbert {

// A mapped array of two dimensions, C order, float32, float16 or float64. Of any size: what has
// been read need not stay in memory. Move-only; threads may share it.
class NpyMatrix {
 public:
  // Throws Error(system) for a file that cannot be read, Error(format) naming the path for one that
  // is no such array, or has more or fewer bytes than its header says.
  explicit NpyMatrix(const std::filesystem::path& path);

  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  const std::string& path() const { return path_; }

  // Rows from `first` on, as many as `into` has, as float32; their pages leave this process's
  // memory. Throws Error(system) if the file has been cut short.
  void read(std::int64_t first, MatrixView into) const;

 private:
  std::string path_;
  MappedFile file_;
  std::size_t data_;  // where the numbers begin
  DType dtype_;
  std::int64_t rows_;
  std::int64_t columns_;
};

}  // namespace convbert
