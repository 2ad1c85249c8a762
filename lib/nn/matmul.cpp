#include "nn/matmul.h"

#include "nn/checks.h"
#include "nn/primitive.h"

namespace convbert::nn {
namespace {

constexpr std::size_t kMostShapes = 256;

// [rows, columns] of the product, in memory as it is or transposed.
dnnl::memory::desc view_desc(ConstMatrixView matrix, bool transposed) {
  if (transposed) return {{matrix.columns, matrix.rows}, DataType::f32, Dims{1, matrix.stride}};
  return {{matrix.rows, matrix.columns}, DataType::f32, Dims{matrix.stride, 1}};
}

}  // namespace

struct Matmul::Kernels {
  PrimitiveCache<Primitive<dnnl::matmul>> primitives{kMostShapes};
};

Matmul::Matmul() : kernels_(new Kernels) {}
Matmul::Matmul(Matmul&&) noexcept = default;
Matmul& Matmul::operator=(Matmul&&) noexcept = default;
Matmul::~Matmul() = default;

void Matmul::forward(ConstMatrixView a, ConstMatrixView b, MatrixView c,
                     const MatmulOptions& options, Workspace& workspace) const {
  const std::int64_t inner = options.transpose_a ? a.rows : a.columns;
  if (options.transpose_a) {
    expect_shape("Matmul, A", a, inner, c.rows);
  } else {
    expect_shape("Matmul, A", a, c.rows, inner);
  }
  if (options.transpose_b) {
    expect_shape("Matmul, B", b, c.columns, inner);
  } else {
    expect_shape("Matmul, B", b, inner, c.columns);
  }
  if (c.rows == 0 || c.columns == 0) return;
  if (inner == 0) {
    for (std::int64_t row = 0; row < c.rows && !options.accumulate; ++row) {
      std::ranges::fill(c.row_span(row), 0.0f);
    }
    return;
  }
  const std::int64_t flags = options.transpose_a + 2 * options.transpose_b + 4 * options.accumulate;
  const auto primitive = kernels_->primitives.get(
      {c.rows, c.columns, inner, a.stride, b.stride, c.stride, flags}, [&] {
        dnnl::post_ops post_ops;
        if (options.accumulate) post_ops.append_sum(1.0f);
        return std::make_shared<const Primitive<dnnl::matmul>>(
            matmul_desc(view_desc(a, options.transpose_a), view_desc(b, options.transpose_b), {},
                        view_desc(c, false), attributes(post_ops)));
      });
  primitive->execute({{DNNL_ARG_SRC, a.data}, {DNNL_ARG_WEIGHTS, b.data}, {DNNL_ARG_DST, c.data}},
                     workspace);
}

}  // namespace convbert::nn
