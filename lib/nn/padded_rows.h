// Matrices that operations may work on in tiles of rows.
#pragma once

#include <cstdint>

#include "core/tensor.h"
#include "core/workspace.h"

namespace convbert::nn {

// Operations that work on rows do so in tiles of fixed heights and may read and write rows beyond
// the last, up to this many in all.
std::int64_t padded_rows(std::int64_t rows);

// A matrix that has that room. allocate_rows() gives it; a range of its rows or columns is a plain
// view, which has not.
class PaddedRows : public MatrixView {
 public:
  PaddedRows() = default;  // of no rows

 private:
  explicit PaddedRows(MatrixView matrix) : MatrixView(matrix) {}
  friend PaddedRows allocate_rows(Workspace& workspace, std::int64_t rows, std::int64_t columns);
  friend class FeedForward;  // its tiles, in room of its own
};

// [rows, columns], dense, of which the rows beyond `rows` are set to zero.
PaddedRows allocate_rows(Workspace& workspace, std::int64_t rows, std::int64_t columns);

// Sets the rows beyond the last to zero again, whatever operations left there.
void clear_padding(const PaddedRows& matrix);

}  // namespace convbert::nn
