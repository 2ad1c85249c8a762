#include "nn/trained_attention.h"

#include <cmath>

#include "nn/checks.h"
#include "nn/onednn_backward.h"
#include "nn/primitive.h"
#include "nn/row_loops.h"

namespace convbert::nn {
namespace {

constexpr std::size_t kMostLengths = 1024;  // whose primitives are kept

using Product = Primitive<dnnl::matmul>;

}  // namespace

struct TrainedAttention::Kernels {
  // Of sequences of one length.
  struct OfLength {
    Product scores;  // Q K^T, scaled
    Primitive<dnnl::softmax_forward> softmax;
    Product mix;  // P V
    Primitive<dnnl::softmax_backward> softmax_backward;
    Product weight_gradient;  // d context V^T
    Product value_gradient;   // P^T d context
    Product query_gradient;   // dS K, scaled
    Product key_gradient;     // dS^T Q, scaled

    // oneDNN 2.6 has its reference code alone for it: on AVX2, 3.5 % of a step of conv-bert-small
    // and 6 % of electra-small's on texts of 128 tokens, where the loop takes a tenth of that. 3.x
    // has kernels.
    bool has_fast_softmax_backward() const { return !softmax_backward.kernel().starts_with("ref"); }
  };

  std::shared_ptr<const OfLength> of_length(std::int64_t length) const {
    return lengths.get({length}, [&] { return make(length); });
  }
  std::shared_ptr<const OfLength> make(std::int64_t length) const;

  std::int64_t heads;
  std::int64_t head_size;
  PrimitiveCache<OfLength> lengths{kMostLengths};
};

// Heads lie side by side in a token's row: tokens before heads in memory ("acbd"), heads before
// tokens in a product. A transpose is another reading of the same memory.
std::shared_ptr<const TrainedAttention::Kernels::OfLength> TrainedAttention::Kernels::make(
    std::int64_t length) const {
  const auto rows = float_desc({1, heads, length, head_size}, FormatTag::acbd);
  const auto columns = float_desc({1, heads, head_size, length}, FormatTag::adbc);
  const auto scores = float_desc({1, heads, length, length}, FormatTag::abcd);
  const auto transposed = float_desc({1, heads, length, length}, FormatTag::abdc);
  const auto scaled = scaling_attributes(1.0f / std::sqrt(static_cast<float>(head_size)));
  const auto plain = attributes();
  return std::make_shared<const OfLength>(OfLength{
      .scores = Product(matmul_desc(rows, columns, {}, scores, scaled)),
      .softmax = Primitive<dnnl::softmax_forward>(softmax_desc(scores, 3)),
      .mix = Product(matmul_desc(scores, rows, {}, rows, plain)),
      .softmax_backward = Primitive<dnnl::softmax_backward>(softmax_backward_desc(scores, 3)),
      .weight_gradient = Product(matmul_desc(rows, columns, {}, scores, plain)),
      .value_gradient = Product(matmul_desc(transposed, rows, {}, rows, plain)),
      .query_gradient = Product(matmul_desc(scores, rows, {}, rows, scaled)),
      .key_gradient = Product(matmul_desc(transposed, rows, {}, rows, scaled))});
}

namespace {

void multiply(const Product& product, const float* a, const float* b, float* c,
              Workspace& workspace) {
  product.execute({{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}}, workspace);
}

// The weights of values: probabilities, or in `room` those that dropout leaves.
const float* weights_of(const float* probabilities, float* room,
                        const TrainedAttention::Dropped& dropped, std::int64_t rows,
                        std::int64_t length) {
  if (!dropped.dropout.is_active()) return probabilities;
  dropped.dropout.apply({probabilities, rows, length, length}, {room, rows, length, length},
                        dropped.first_row);
  return room;
}

}  // namespace

TrainedAttention::TrainedAttention(std::int64_t heads, std::int64_t head_size)
    : kernels_(new Kernels{.heads = heads, .head_size = head_size}) {
  if (heads < 1 || head_size < 1) {
    throw Error(ErrorKind::internal, "TrainedAttention: heads and their size must be positive");
  }
}

TrainedAttention::TrainedAttention(TrainedAttention&&) noexcept = default;
TrainedAttention& TrainedAttention::operator=(TrainedAttention&&) noexcept = default;
TrainedAttention::~TrainedAttention() = default;

void TrainedAttention::forward(const Inputs& inputs, float* probabilities, MatrixView context,
                               const Dropped& dropped, Workspace& workspace) const {
  const Kernels& kernels = *kernels_;
  const std::int64_t length = inputs.query.rows;
  const std::int64_t width = kernels.heads * kernels.head_size;
  expect_dense("TrainedAttention, query", inputs.query, length, width);
  expect_dense("TrainedAttention, key", inputs.key, length, width);
  expect_dense("TrainedAttention, value", inputs.value, length, width);
  expect_shape("TrainedAttention, context", context, length, width);
  const Workspace::Frame frame(workspace);
  const auto of_length = kernels.of_length(length);
  multiply(of_length->scores, inputs.query.data, inputs.key.data, probabilities, workspace);
  of_length->softmax.execute({{DNNL_ARG_SRC, probabilities}, {DNNL_ARG_DST, probabilities}},
                             workspace);
  const std::int64_t rows = kernels.heads * length;
  float* room = dropped.dropout.is_active()
                    ? workspace.floats(static_cast<std::size_t>(rows * length))
                    : nullptr;
  const float* weights = weights_of(probabilities, room, dropped, rows, length);
  const MatrixView dense = workspace.matrix(length, width);
  multiply(of_length->mix, weights, inputs.value.data, dense.data, workspace);
  copy_rows(dense, context);
}

void TrainedAttention::backward(const Inputs& inputs, const float* probabilities,
                                const Gradients& gradients, const Dropped& dropped,
                                Workspace& workspace) const {
  const Kernels& kernels = *kernels_;
  const std::int64_t length = inputs.query.rows;
  const std::int64_t width = kernels.heads * kernels.head_size;
  expect_shape("TrainedAttention's gradient, context", gradients.context, length, width);
  expect_dense("TrainedAttention's gradient, query", gradients.query, length, width);
  expect_dense("TrainedAttention's gradient, key", gradients.key, length, width);
  expect_dense("TrainedAttention's gradient, value", gradients.value, length, width);
  const Workspace::Frame frame(workspace);
  const auto of_length = kernels.of_length(length);
  const std::int64_t rows = kernels.heads * length;
  const MatrixView context = workspace.matrix(length, width);
  copy_rows(gradients.context, context);
  float* scores = workspace.floats(static_cast<std::size_t>(rows * length));

  // While `scores` is free, it holds the weights.
  const float* weights = weights_of(probabilities, scores, dropped, rows, length);
  multiply(of_length->value_gradient, weights, context.data, gradients.value.data, workspace);

  multiply(of_length->weight_gradient, context.data, inputs.value.data, scores, workspace);
  if (dropped.dropout.is_active()) {
    const MatrixView all{scores, rows, length, length};
    dropped.dropout.apply(all, all, dropped.first_row);
  }
  if (of_length->has_fast_softmax_backward()) {
    of_length->softmax_backward.execute(
        {{DNNL_ARG_DST, probabilities}, {DNNL_ARG_DIFF_DST, scores}, {DNNL_ARG_DIFF_SRC, scores}},
        workspace);
  } else {
    for (std::int64_t row = 0; row < rows; ++row) {
      undo_softmax(probabilities + row * length, scores + row * length, length);
    }
  }
  multiply(of_length->query_gradient, scores, inputs.key.data, gradients.query.data, workspace);
  multiply(of_length->key_gradient, scores, inputs.query.data, gradients.key.data, workspace);
}

}  // namespace convbert::nn
