#include "nn/trained_linear.h"

#include <algorithm>

#include "nn/checks.h"
#include "nn/compute.h"
#include "nn/product.h"
#include "nn/row_loops.h"

namespace convbert::nn {

TrainedLinear::TrainedLinear(const TrainedLinearSpec& spec) : spec_(spec), matmul_(spec.precision) {
  if (spec.in < 1 || spec.out < 1 || spec.groups < 0 || spec.in % parts() != 0 ||
      spec.out % parts() != 0) {
    throw Error(ErrorKind::internal, concat("TrainedLinear: ", spec.groups, " groups of ", spec.in,
                                            " inputs and ", spec.out, " outputs"));
  }
  const ComputeScope scope;
  const std::int64_t in = spec.in / parts();
  const std::int64_t out = spec.out / parts();
  const std::vector<float> zeros(static_cast<std::size_t>(std::max({in * out, in, out})));
  const std::span<const float> weight = std::span(zeros).first(static_cast<std::size_t>(in * out));
  const bool is_grouped = spec.groups > 0;
  for (std::int64_t part = 0; part < parts(); ++part) {
    forward_.emplace_back(
        LinearSpec{.in = in,
                   .out = out,
                   .weight = weight,
                   .layout = is_grouped ? WeightLayout::in_out : WeightLayout::out_in,
                   .bias = std::span(zeros).first(static_cast<std::size_t>(out)),
                   .precision = spec.precision});
    // The same numbers, read as the weight of a layer from y's features to x's.
    backward_.emplace_back(
        LinearSpec{.in = out,
                   .out = in,
                   .weight = weight,
                   .layout = is_grouped ? WeightLayout::out_in : WeightLayout::in_out,
                   .bias = std::span(zeros).first(static_cast<std::size_t>(in)),
                   .accumulate = true,
                   .precision = spec.precision});
  }
}

TrainedLinear::TrainedLinear(TrainedLinear&&) noexcept = default;
TrainedLinear& TrainedLinear::operator=(TrainedLinear&&) noexcept = default;
TrainedLinear::~TrainedLinear() = default;

void TrainedLinear::repack(std::span<const float> weight, std::span<const float> bias) {
  if (std::ssize(weight) != spec_.in * spec_.out / parts() || std::ssize(bias) != spec_.out) {
    throw Error(ErrorKind::internal,
                concat("TrainedLinear: found a weight of ", weight.size(), " floats and a bias of ",
                       bias.size(), " for ", spec_.in, " inputs and ", spec_.out, " outputs"));
  }
  const ComputeScope scope;
  const std::size_t size = weight.size() / static_cast<std::size_t>(parts());
  const std::size_t out = bias.size() / static_cast<std::size_t>(parts());
  const std::vector<float> no_bias(static_cast<std::size_t>(spec_.in / parts()));
  for (std::size_t part = 0; part < forward_.size(); ++part) {
    forward_[part].repack(weight.subspan(part * size, size), bias.subspan(part * out, out));
    backward_[part].repack(weight.subspan(part * size, size), no_bias);
  }
}

void TrainedLinear::forward(const PaddedRows& x, const PaddedRows& y, Workspace& workspace) const {
  expect_dense("TrainedLinear, x", x, x.rows, in());
  expect_dense("TrainedLinear, y", y, x.rows, out());
  const std::int64_t in_width = in() / parts();
  const std::int64_t out_width = out() / parts();
  for (std::int64_t part = 0; part < parts(); ++part) {
    forward_[static_cast<std::size_t>(part)].forward(x.column_range(part * in_width, in_width),
                                                     y.column_range(part * out_width, out_width),
                                                     workspace);
  }
}

void TrainedLinear::add_input_gradient(const PaddedRows& dy, const PaddedRows& dx,
                                       Workspace& workspace) const {
  expect_dense("TrainedLinear's gradient, dy", dy, dy.rows, out());
  expect_dense("TrainedLinear's gradient, dx", dx, dy.rows, in());
  const std::int64_t in_width = in() / parts();
  const std::int64_t out_width = out() / parts();
  for (std::int64_t part = 0; part < parts(); ++part) {
    backward_[static_cast<std::size_t>(part)].forward(dy.column_range(part * out_width, out_width),
                                                      dx.column_range(part * in_width, in_width),
                                                      workspace);
  }
}

void TrainedLinear::add_parameter_gradients(ConstMatrixView x, ConstMatrixView dy,
                                            const Gradients& gradients,
                                            Workspace& workspace) const {
  expect_shape("TrainedLinear's gradient, x", x, dy.rows, in());
  expect_shape("TrainedLinear's gradient, dy", dy, dy.rows, out());
  for (std::int64_t row = 0; row < dy.rows; ++row) {
    add_in_place(gradients.bias.data(), dy.row(row), out());
  }
  if (spec_.groups == 0) {
    const MatrixView weight{gradients.weight.data(), out(), in(), in()};
    matmul_.forward(dy, x, weight, {.transpose_a = true, .accumulate = true}, workspace);
    return;
  }
  const std::int64_t in_width = in() / parts();
  const std::int64_t out_width = out() / parts();
  for (std::int64_t part = 0; part < parts(); ++part) {
    const MatrixView weight{gradients.weight.data() + part * in_width * out_width, in_width,
                            out_width, out_width};
    matmul_.forward(x.column_range(part * in_width, in_width),
                    dy.column_range(part * out_width, out_width), weight,
                    {.transpose_a = true, .accumulate = true}, workspace);
  }
}

}  // namespace convbert::nn
