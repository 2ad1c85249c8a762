#include "nn/linear.h"

#include "core/error.h"
#include "nn/compute.h"
#include "nn/product.h"

namespace convbert::nn {

Linear::Linear(const LinearSpec& spec) : activation_(spec.activation) {
  if (spec.accumulate && spec.activation != Activation::identity) {
    throw Error(ErrorKind::internal, "Linear: accumulate and an activation exclude each other");
  }
  const ComputeScope scope;
  product_ = std::make_unique<const Product>(spec);
}

Linear::Linear(Linear&&) noexcept = default;
Linear& Linear::operator=(Linear&&) noexcept = default;
Linear::~Linear() = default;

std::int64_t Linear::in() const { return product_->in(); }
std::int64_t Linear::out() const { return product_->out(); }

void Linear::forward(ConstMatrixView x, MatrixView y, Workspace& workspace) const {
  if (x.columns != in() || y.columns != out() || x.rows != y.rows || x.stride != in() ||
      y.stride != out()) {
    throw Error(ErrorKind::internal, "Linear: x or y has the wrong shape");
  }
  product_->tiles().for_each(x.rows, [&](std::int64_t first, std::size_t tile, std::int64_t rows) {
    const Workspace::Frame frame(workspace);
    const MatrixView part = y.row_range(first, rows);
    const Operand operand = product_->operand(x.row_range(first, rows), tile, workspace);
    product_->multiply(operand, tile, part, workspace);
    for (std::int64_t row = 0; row < rows; ++row) {
      activate(activation_, part.row(row), part.columns);
    }
  });
}

}  // namespace convbert::nn
