// Checks of arguments at the borders of operations. Private to lib/nn.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/error.h"
#include "core/tensor.h"

namespace convbert::nn {

// Throws Error(internal), naming `what`, unless the matrix has that shape; any stride.
inline void expect_shape(std::string_view what, ConstMatrixView matrix, std::int64_t rows,
                         std::int64_t columns) {
  if (matrix.rows == rows && matrix.columns == columns && matrix.stride >= columns) return;
  throw Error(ErrorKind::internal, concat(what, ": expected [", rows, ", ", columns, "], found [",
                                          matrix.rows, ", ", matrix.columns, "]"));
}

// And that its rows lie one after another.
inline void expect_dense(std::string_view what, ConstMatrixView matrix, std::int64_t rows,
                         std::int64_t columns) {
  expect_shape(what, matrix, rows, columns);
  if (matrix.stride == columns) return;
  throw Error(ErrorKind::internal,
              concat(what, ": expected rows of ", columns, " floats one after another, found ",
                     matrix.stride, " from one to the next"));
}

}  // namespace convbert::nn
