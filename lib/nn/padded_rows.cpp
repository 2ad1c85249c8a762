#include "nn/padded_rows.h"

#include <algorithm>

#include "nn/row_tiles.h"

namespace convbert::nn {

std::int64_t padded_rows(std::int64_t rows) {
  return (rows + kRowGranule - 1) / kRowGranule * kRowGranule;
}

PaddedRows allocate_rows(Workspace& workspace, std::int64_t rows, std::int64_t columns) {
  const std::int64_t padded = padded_rows(rows);
  const MatrixView matrix = workspace.matrix(padded, columns);
  std::fill(matrix.row(rows), matrix.row(padded), 0.0f);
  return PaddedRows(matrix.first_rows(rows));
}

}  // namespace convbert::nn
