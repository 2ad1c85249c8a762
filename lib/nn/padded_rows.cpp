#include "nn/padded_rows.h"

#include <algorithm>

#include "nn/row_tiles.h"

namespace convbert::nn {

std::int64_t padded_rows(std::int64_t rows) {
  return (rows + kRowGranule - 1) / kRowGranule * kRowGranule;
}

PaddedRows allocate_rows(Workspace& workspace, std::int64_t rows, std::int64_t columns) {
  const MatrixView matrix = workspace.matrix(padded_rows(rows), columns);
  const PaddedRows padded(matrix.first_rows(rows));
  clear_padding(padded);
  return padded;
}

void clear_padding(const PaddedRows& matrix) {
  std::fill(matrix.row(matrix.rows), matrix.row(padded_rows(matrix.rows)), 0.0f);
}

}  // namespace convbert::nn
