#include "nn/self_attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "nn/checks.h"
#include "nn/primitive.h"
#include "nn/row_loops.h"

namespace convbert::nn {
namespace {

// Of the scores of one block of queries, all heads: a second-level cache, or most of it.
constexpr std::int64_t kBlockBytes = 1 << 20;
// Blocks are at least so many queries, and a multiple of it: a product needs rows to reuse keys.
constexpr std::int64_t kBlockRows = 48;
// Up to so many tokens, sequences are filled up with zeros to a multiple of kStep: primitives are
// compiled for a length, and those of few lengths are found compiled, and in the caches
// (docs/decisions.md has what that gains).
constexpr std::int64_t kMostFilled = 256;
constexpr std::int64_t kStep = 16;
// Blocks whose primitives are kept: two for each length of a usual model.
constexpr std::size_t kMostBlocks = 1024;

// No weight for what a sequence was filled up with. scores: `rows` rows of `length` keys.
void mask_behind(float* scores, std::int64_t rows, std::int64_t length, std::int64_t keys) {
  for (std::int64_t row = 0; row < rows; ++row) {
    std::fill(scores + row * keys + length, scores + (row + 1) * keys,
              -std::numeric_limits<float>::infinity());
  }
}

}  // namespace

struct SelfAttention::Kernels {
  // Some queries of a sequence against all of its keys.
  struct Block {
    Primitive<dnnl::matmul> scores;
    Primitive<dnnl::softmax_forward> softmax;
    Primitive<dnnl::matmul> mix;
    int threads;  // that they are made for
  };

  // Of what is multiplied: bfloat16 where the CPU has it, else floats that hold such numbers.
  DataType operand_type() const {
    return precision == Precision::bf16 && is_native(precision) ? DataType::bf16 : DataType::f32;
  }

  std::int64_t operand_bytes() const {
    return operand_type() == DataType::bf16 ? sizeof(std::uint16_t) : sizeof(float);
  }

  std::int64_t block_rows(std::int64_t length) const {
    const std::int64_t row_bytes = heads * length * std::int64_t{sizeof(float)};
    if (length * row_bytes <= kBlockBytes) return length;
    const std::int64_t rows = kBlockBytes / row_bytes / kBlockRows * kBlockRows;
    return std::min(length, std::max(rows, kBlockRows));
  }

  std::shared_ptr<const Block> block(std::int64_t queries, std::int64_t length) const {
    return blocks.get({queries, length}, [&] { return make_block(queries, length); });
  }
  std::shared_ptr<const Block> make_block(std::int64_t queries, std::int64_t length) const;

  // The length that a sequence is computed at.
  std::int64_t filled(std::int64_t length) const {
    const std::int64_t rounded = (length + kStep - 1) / kStep * kStep;
    return rounded <= kMostFilled && block_rows(rounded) == rounded ? rounded : length;
  }

  const void* operand(const float* values, std::int64_t count, std::int64_t filled_count,
                      Workspace& workspace) const;

  std::int64_t heads;
  std::int64_t head_size;
  Precision precision;
  PrimitiveCache<Block> blocks{kMostBlocks};
};

// Heads lie side by side in a token's row: tokens before heads in memory ("acbd"), heads before
// tokens in the product.
std::shared_ptr<const SelfAttention::Kernels::Block> SelfAttention::Kernels::make_block(
    std::int64_t queries, std::int64_t length) const {
  const DataType type = operand_type();
  const auto desc = [&](const Dims& dims, FormatTag tag) {
    return call_onednn("laying out attention", [&] { return dnnl::memory::desc(dims, type, tag); });
  };
  const auto query = desc({1, heads, queries, head_size}, FormatTag::acbd);
  const auto key = desc({1, heads, head_size, length}, FormatTag::adbc);
  const auto value = desc({1, heads, length, head_size}, FormatTag::acbd);
  const auto weights = desc({1, heads, queries, length}, FormatTag::abcd);
  const auto scores = float_desc({1, heads, queries, length}, FormatTag::abcd);
  const auto context = float_desc({1, heads, queries, head_size}, FormatTag::acbd);
  const float scale = 1.0f / std::sqrt(static_cast<float>(head_size));
  auto made = std::make_shared<const Block>(
      Block{Primitive<dnnl::matmul>(matmul_desc(query, key, {}, scores, scaling_attributes(scale))),
            Primitive<dnnl::softmax_forward>(softmax_desc(scores, 3)),
            Primitive<dnnl::matmul>(matmul_desc(weights, value, {}, context, attributes())),
            compute_threads()});
  const auto sums_alike = [&](const AnyPrimitive& product) {
    return sums_whole_rows(product.kernel()) && !may_split_sums(product.kernel());
  };
  if ((sums_alike(made->scores) && sums_alike(made->mix)) || compute_threads() == 1) return made;
  const ComputeScope alone(1);
  return make_block(queries, length);
}

// Queries, keys and values, or weights, as the products read them, with zeros behind.
const void* SelfAttention::Kernels::operand(const float* values, std::int64_t count,
                                            std::int64_t filled_count, Workspace& workspace) const {
  const auto size = static_cast<std::size_t>(filled_count);
  if (operand_type() == DataType::bf16) {
    auto* narrow = workspace.array<std::uint16_t>(size);
    narrow_to_bf16(values, narrow, count);
    std::fill(narrow + count, narrow + filled_count, std::uint16_t{0});
    return narrow;
  }
  const bool is_rounded = precision == Precision::bf16;
  if (!is_rounded && filled_count == count) return values;
  float* floats = workspace.floats(size);
  if (is_rounded) {
    round_to_bf16(values, floats, count);
  } else {
    std::copy_n(values, count, floats);
  }
  std::fill(floats + count, floats + filled_count, 0.0f);
  return floats;
}

SelfAttention::SelfAttention(std::int64_t heads, std::int64_t head_size, Precision precision)
    : kernels_(new Kernels{.heads = heads, .head_size = head_size, .precision = precision}) {
  if (heads < 1 || head_size < 1) {
    throw Error(ErrorKind::internal, "SelfAttention: heads and their size must be positive");
  }
}

SelfAttention::SelfAttention(SelfAttention&&) noexcept = default;
SelfAttention& SelfAttention::operator=(SelfAttention&&) noexcept = default;
SelfAttention::~SelfAttention() = default;

SelfAttention::KernelNames SelfAttention::kernels() const {
  constexpr std::int64_t kUsualLength = 64;
  const auto block = kernels_->block(kUsualLength, kUsualLength);
  return {"matmul " + block->scores.kernel(), "softmax " + block->softmax.kernel(),
          "matmul " + block->mix.kernel()};
}

void SelfAttention::forward(ConstMatrixView query, ConstMatrixView key, ConstMatrixView value,
                            MatrixView context, Workspace& workspace,
                            const std::function<void(const AttentionView&)>& probabilities) const {
  const Kernels& kernels = *kernels_;
  const std::int64_t heads = kernels.heads;
  const std::int64_t length = query.rows;
  const std::int64_t width = heads * kernels.head_size;
  expect_dense("SelfAttention, query", query, std::max<std::int64_t>(length, 1), width);
  expect_dense("SelfAttention, key", key, length, width);
  expect_dense("SelfAttention, value", value, length, width);
  expect_shape("SelfAttention, context", context, length, width);

  const Workspace::Frame frame(workspace);
  const auto floats = [&](std::int64_t count) {
    return workspace.floats(static_cast<std::size_t>(count));
  };
  const std::int64_t keys_in_all = kernels.filled(length);
  const std::int64_t count = length * width;
  const std::int64_t filled_count = keys_in_all * width;
  const auto* queries =
      static_cast<const std::byte*>(kernels.operand(query.data, count, filled_count, workspace));
  const void* keys = kernels.operand(key.data, count, filled_count, workspace);
  const void* values = kernels.operand(value.data, count, filled_count, workspace);
  const std::int64_t row_bytes = width * kernels.operand_bytes();
  const std::int64_t most_rows = kernels.block_rows(keys_in_all);
  float* weights = floats(heads * most_rows * keys_in_all);
  float* seen = probabilities ? floats(heads * length * length) : nullptr;
  // The products write dense rows, all of them.
  const bool in_place = context.stride == width && keys_in_all == length;
  const MatrixView dense = in_place ? context : workspace.matrix(most_rows, width);

  for (std::int64_t first = 0; first < length; first += most_rows) {
    const Workspace::Frame block_frame(workspace);
    const std::int64_t rows = std::min(most_rows, keys_in_all - first);
    const auto block = kernels.block(rows, keys_in_all);
    const ComputeScope scope(block->threads);
    const std::int64_t own_rows = std::min(rows, length - first);
    const MatrixView part = context.row_range(first, own_rows);
    float* mixed = in_place ? part.data : dense.data;
    block->scores.execute({{DNNL_ARG_SRC, queries + first * row_bytes},
                           {DNNL_ARG_WEIGHTS, keys},
                           {DNNL_ARG_DST, weights}},
                          workspace);
    if (keys_in_all > length) mask_behind(weights, heads * rows, length, keys_in_all);
    block->softmax.execute({{DNNL_ARG_SRC, weights}, {DNNL_ARG_DST, weights}}, workspace);
    const std::int64_t weight_count = heads * rows * keys_in_all;
    block->mix.execute(
        {{DNNL_ARG_SRC, kernels.operand(weights, weight_count, weight_count, workspace)},
         {DNNL_ARG_WEIGHTS, values},
         {DNNL_ARG_DST, mixed}},
        workspace);
    if (!in_place) copy_rows(dense.first_rows(own_rows), part);
    if (seen == nullptr) continue;
    for (std::int64_t head = 0; head < heads; ++head) {
      for (std::int64_t row = 0; row < own_rows; ++row) {
        std::copy_n(weights + (head * rows + row) * keys_in_all, length,
                    seen + (head * length + first + row) * length);
      }
    }
  }
  if (probabilities) probabilities({seen, heads, length});
}

}  // namespace convbert::nn
