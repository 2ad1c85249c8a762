#include "nn/linear.h"

#include "nn/checks.h"
#include "nn/compute.h"
#include "nn/product.h"

namespace convbert::nn {

Linear::Linear(const LinearSpec& spec) : activation_(spec.activation, spec.out) {
  if (spec.accumulate && spec.activation != Activation::identity) {
    throw Error(ErrorKind::internal, "Linear: accumulate and an activation exclude each other");
  }
  const ComputeScope scope;
  product_ = std::make_unique<Product>(spec);
}

Linear::Linear(Linear&&) noexcept = default;
Linear& Linear::operator=(Linear&&) noexcept = default;
Linear::~Linear() = default;

std::int64_t Linear::in() const { return product_->in(); }
std::int64_t Linear::out() const { return product_->out(); }

std::string Linear::kernel() const { return product_->kernel(); }

void Linear::repack(std::span<const float> weight, std::span<const float> bias) {
  product_->repack(weight, bias);
}

void Linear::forward(const PaddedRows& x, const PaddedRows& y, Workspace& workspace) const {
  expect_dense("Linear, x", x, x.rows, in());
  expect_dense("Linear, y", y, x.rows, out());
  product_->forward(x, y, workspace);
  activation_.forward(y, y, workspace);
}

Projections::Projections(const std::vector<LinearSpec>& specs) {
  const ComputeScope scope;
  for (const LinearSpec& spec : specs) {
    products_.emplace_back(spec);
    const Product& first = products_.front();
    const Product& last = products_.back();
    if (last.in() != first.in() || last.out() != first.out() || last.tiles() != first.tiles() ||
        spec.accumulate || spec.activation != Activation::identity) {
      throw Error(ErrorKind::internal, "Projections: expected plain linear layers of one shape");
    }
  }
  if (products_.empty()) throw Error(ErrorKind::internal, "Projections: expected a linear layer");
}

Projections::Projections(Projections&&) noexcept = default;
Projections& Projections::operator=(Projections&&) noexcept = default;
Projections::~Projections() = default;

std::int64_t Projections::count() const { return static_cast<std::int64_t>(products_.size()); }
std::int64_t Projections::in() const { return products_.front().in(); }
std::int64_t Projections::out() const { return products_.front().out(); }

void Projections::forward(const PaddedRows& x, std::span<const PaddedRows> y,
                          Workspace& workspace) const {
  expect_dense("Projections, x", x, x.rows, in());
  if (y.size() != products_.size()) {
    throw Error(ErrorKind::internal, "Projections: expected a result for each linear layer");
  }
  for (const MatrixView& result : y) expect_dense("Projections, y", result, x.rows, out());
  const Product& first_product = products_.front();
  first_product.tiles().for_each(
      x.rows, [&](std::int64_t first, std::size_t tile, std::int64_t rows) {
        const Workspace::Frame frame(workspace);
        const Operand operand = first_product.operand(x.row_range(first, rows), tile, workspace);
        for (std::size_t i = 0; i < products_.size(); ++i) {
          products_[i].multiply(operand, tile, y[i].row_range(first, rows), workspace);
        }
      });
}

}  // namespace convbert::nn
