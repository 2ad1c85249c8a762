#include "nn/linear.h"

#include <algorithm>
#include <string_view>

#include "core/error.h"
#include "nn/compute.h"
#include "nn/onednn.h"
#include "nn/row_tiles.h"

namespace convbert::nn {
namespace {

dnnl::primitive_attr fused(Activation activation, bool accumulate) {
  dnnl::post_ops post_ops;
  if (accumulate) post_ops.append_sum(1.0f);
  append_activation(post_ops, activation);
  return attributes(post_ops);
}

void copy_rows(ConstMatrixView from, MatrixView to) {
  for (std::int64_t row = 0; row < from.rows; ++row) {
    std::copy_n(from.row(row), from.columns, to.row(row));
  }
}

}  // namespace

struct Linear::Impl {
  std::int64_t in;
  std::int64_t out;
  dnnl::primitive_attr attr;
  RowTiles tiles = RowTiles::many();
  dnnl::memory weight;  // in oneDNN's layout
  dnnl::memory bias;
  std::vector<LazyPrimitive<dnnl::matmul>> primitives;  // one a tile height

  dnnl::memory::desc source_desc(std::int64_t rows) const {
    return float_desc({rows, in}, FormatTag::ab);
  }
  dnnl::memory::desc destination_desc(std::int64_t rows) const {
    return float_desc({rows, out}, FormatTag::ab);
  }
  dnnl::matmul::primitive_desc describe(std::int64_t rows,
                                        const dnnl::memory::desc& weight_desc) const {
    return matmul_desc(source_desc(rows), weight_desc, float_desc({1, out}, FormatTag::ab),
                       destination_desc(rows), attr);
  }
};

Linear::Linear(const LinearSpec& spec) {
  const auto size = static_cast<std::size_t>(spec.in * spec.out);
  if (spec.in <= 0 || spec.out <= 0 || spec.weight.size() != size ||
      spec.bias.size() != static_cast<std::size_t>(spec.out)) {
    throw Error(ErrorKind::internal,
                concat("Linear: the weight has ", spec.weight.size(), " floats and the bias ",
                       spec.bias.size(), ", for ", spec.in, " inputs and ", spec.out, " outputs"));
  }
  if (spec.accumulate && spec.activation != Activation::identity) {
    throw Error(ErrorKind::internal, "Linear: accumulate and an activation exclude each other");
  }
  const ComputeScope scope;
  auto impl = std::make_unique<Impl>();
  impl->in = spec.in;
  impl->out = spec.out;
  impl->attr = fused(spec.activation, spec.accumulate);

  // The tallest tile chooses the weight's layout; the others take it as it is.
  const dnnl::memory::desc any = float_desc({spec.in, spec.out}, FormatTag::any);
  auto chosen = impl->describe(impl->tiles.heights().front(), any);
  if (!std::string_view(chosen.impl_info_str()).starts_with("brg")) {
    impl->tiles = RowTiles::one();
    chosen = impl->describe(impl->tiles.heights().front(), any);
  }
  const auto given = float_desc(
      {spec.in, spec.out}, spec.layout == WeightLayout::out_in ? FormatTag::ba : FormatTag::ab);
  impl->weight = dnnl::memory(chosen.weights_desc(), engine());
  dnnl::memory source = wrap(given, spec.weight.data());
  dnnl::reorder(source, impl->weight).execute(stream(), source, impl->weight);
  impl->bias = dnnl::memory(float_desc({1, spec.out}, FormatTag::ab), engine());
  std::ranges::copy(spec.bias, static_cast<float*>(impl->bias.get_data_handle()));
  impl->primitives = std::vector<LazyPrimitive<dnnl::matmul>>(impl->tiles.heights().size());
  impl_ = std::move(impl);
}

Linear::Linear(Linear&&) noexcept = default;
Linear& Linear::operator=(Linear&&) noexcept = default;
Linear::~Linear() = default;

std::int64_t Linear::in() const { return impl_->in; }
std::int64_t Linear::out() const { return impl_->out; }

void Linear::forward(ConstMatrixView x, MatrixView y, Workspace& workspace) const {
  const Impl& impl = *impl_;
  if (x.columns != impl.in || y.columns != impl.out || x.rows != y.rows || x.stride != impl.in ||
      y.stride != impl.out) {
    throw Error(ErrorKind::internal, "Linear: x or y has the wrong shape");
  }
  impl.tiles.for_each(x.rows, [&](std::int64_t first, std::size_t index, std::int64_t height) {
    impl.primitives[index]
        .get([&] { return impl.describe(height, impl.weight.get_desc()); })
        .execute({{DNNL_ARG_SRC, wrap(impl.source_desc(height), x.row(first))},
                  {DNNL_ARG_WEIGHTS, impl.weight},
                  {DNNL_ARG_BIAS, impl.bias},
                  {DNNL_ARG_DST, wrap(impl.destination_desc(height), y.row(first))}},
                 workspace);
  });
}

GroupedLinear::GroupedLinear(const LinearSpec& spec, std::int64_t groups)
    : accumulate_(spec.accumulate) {
  if (groups < 1 || spec.in % groups != 0 || spec.out % groups != 0) {
    throw Error(ErrorKind::internal, concat("GroupedLinear: ", groups, " groups do not divide ",
                                            spec.in, " inputs and ", spec.out, " outputs"));
  }
  LinearSpec part = spec;
  part.in = spec.in / groups;
  part.out = spec.out / groups;
  const auto weights = static_cast<std::size_t>(part.in * part.out);
  const auto biases = static_cast<std::size_t>(part.out);
  for (std::size_t group = 0; group < static_cast<std::size_t>(groups); ++group) {
    part.weight = spec.weight.subspan(group * weights, weights);
    part.bias = spec.bias.subspan(group * biases, biases);
    groups_.emplace_back(part);
  }
}

void GroupedLinear::forward(ConstMatrixView x, MatrixView y, Workspace& workspace) const {
  if (groups_.size() == 1) return groups_.front().forward(x, y, workspace);
  // oneDNN's fast kernels want dense matrices: a slice's copies cost little beside its product.
  const Workspace::Frame frame(workspace);
  const MatrixView dense_x = allocate_rows(workspace, x.rows, groups_.front().in());
  const MatrixView dense_y = allocate_rows(workspace, y.rows, groups_.front().out());
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    const auto index = static_cast<std::int64_t>(group);
    const MatrixView slice = y.column_range(index * dense_y.columns, dense_y.columns);
    copy_rows(x.column_range(index * dense_x.columns, dense_x.columns), dense_x);
    if (accumulate_) copy_rows(slice, dense_y);
    groups_[group].forward(dense_x, dense_y, workspace);
    copy_rows(dense_y, slice);
  }
}

}  // namespace convbert::nn
