#include "nn/matmul.h"

#include "nn/checks.h"
#include "nn/primitive.h"
#include "nn/row_loops.h"

namespace convbert::nn {
namespace {

constexpr std::size_t kMostShapes = 256;

// One side of a product, as its kernel reads it.
struct Side {
  const void* data;
  std::int64_t rows;
  std::int64_t columns;
  std::int64_t stride;
  DataType type = DataType::f32;

  // In memory as it is, or transposed.
  dnnl::memory::desc desc(bool transposed) const {
    if (transposed) return {{columns, rows}, type, Dims{1, stride}};
    return {{rows, columns}, type, Dims{stride, 1}};
  }
};

// A product that reads down columns meets a cache line of each row; rows that are a multiple of 4
// KiB apart share one set of the first-level cache. Measured with oneDNN 2.6's gemm on AVX2, 512
// rows of 1024 and of 256 columns: 35 GFLOP/s as they lie, 83 apart, of which a copy takes a tenth.
bool lie_badly(std::int64_t stride, std::size_t bytes) {
  return stride * static_cast<std::int64_t>(bytes) % 4096 == 0;
}

// At least `columns`, of numbers of so many bytes.
std::int64_t good_stride(std::int64_t columns, std::size_t bytes) {
  const std::int64_t line = 64 / static_cast<std::int64_t>(bytes);
  return lie_badly(columns, bytes) ? columns + line : columns;
}

// A column of numbers that do not lie side by side: kernels of oneDNN 3.7 for AVX-512
// (brg_matmul:avx512_core) take one as A^T of one row, or as C, for numbers that do.
bool is_apart(ConstMatrixView matrix) { return matrix.columns == 1 && matrix.stride != 1; }

Side as_floats(ConstMatrixView matrix, bool down_columns, Workspace& workspace) {
  if (down_columns && (lie_badly(matrix.stride, sizeof(float)) || is_apart(matrix))) {
    const std::int64_t stride = good_stride(matrix.columns, sizeof(float));
    const MatrixView copy = workspace.matrix(matrix.rows, stride).column_range(0, matrix.columns);
    copy_rows(matrix, copy);
    matrix = copy;
  }
  return {matrix.data, matrix.rows, matrix.columns, matrix.stride};
}

Side as_bf16(ConstMatrixView matrix, Workspace& workspace) {
  const bool native = is_native(Precision::bf16);
  const std::int64_t stride =
      good_stride(matrix.columns, native ? sizeof(std::uint16_t) : sizeof(float));
  const auto count = static_cast<std::size_t>(matrix.rows * stride);
  const auto side = [&](auto* values, auto round, DataType type) {
    for (std::int64_t row = 0; row < matrix.rows; ++row) {
      round(matrix.row(row), values + row * stride, matrix.columns);
    }
    return Side{values, matrix.rows, matrix.columns, stride, type};
  };
  return native ? side(workspace.array<std::uint16_t>(count), narrow_to_bf16, DataType::bf16)
                : side(workspace.floats(count), round_to_bf16, DataType::f32);
}

}  // namespace

struct Matmul::Kernels {
  Precision precision;
  PrimitiveCache<Primitive<dnnl::matmul>> primitives{kMostShapes};

  Side side(ConstMatrixView matrix, bool down_columns, Workspace& workspace) const {
    return precision == Precision::bf16 ? as_bf16(matrix, workspace)
                                        : as_floats(matrix, down_columns, workspace);
  }
};

Matmul::Matmul(Precision precision) : kernels_(new Kernels{.precision = precision}) {
  if (precision == Precision::int8) throw Error(ErrorKind::internal, "Matmul: no int8");
}
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
  const Workspace::Frame frame(workspace);
  if (is_apart(c)) {
    const MatrixView together = workspace.matrix(c.rows, 1);
    if (options.accumulate) copy_rows(c, together);
    forward(a, b, together, options, workspace);
    copy_rows(together, c);
    return;
  }
  const Side left = kernels_->side(a, options.transpose_a, workspace);
  const Side right = kernels_->side(b, !options.transpose_b, workspace);
  const std::int64_t flags = options.transpose_a + 2 * options.transpose_b + 4 * options.accumulate;
  const auto primitive = kernels_->primitives.get(
      {c.rows, c.columns, inner, left.stride, right.stride, c.stride, flags}, [&] {
        dnnl::post_ops post_ops;
        if (options.accumulate) post_ops.append_sum(1.0f);
        return std::make_shared<const Primitive<dnnl::matmul>>(matmul_desc(
            left.desc(options.transpose_a), right.desc(options.transpose_b), {},
            Side{c.data, c.rows, c.columns, c.stride}.desc(false), attributes(post_ops)));
      });
  primitive->execute(
      {{DNNL_ARG_SRC, left.data}, {DNNL_ARG_WEIGHTS, right.data}, {DNNL_ARG_DST, c.data}},
      workspace);
}

}  // namespace convbert::nn
