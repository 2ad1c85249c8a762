#include "nn/self_attention.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/error.h"
#include "nn/compute.h"
#include "nn/onednn.h"

namespace convbert::nn {
namespace {

// Added to the scores of padding: its exponential is zero beside any real score's.
constexpr float kMasked = -1e30f;

// Lengths that primitives exist for: 8, then multiples of 16, from 128 on of 32.
std::int64_t bucket_index(std::int64_t length) {
  if (length <= 8) return 0;
  if (length <= 128) return (length + 15) / 16;
  return 8 + (length - 128 + 31) / 32;
}

std::int64_t bucket_length(std::int64_t index) {
  if (index == 0) return 8;
  if (index <= 8) return 16 * index;
  return 128 + 32 * (index - 8);
}

// [length, heads * size] -> dense [heads, padded, size], padding zero, every value times `scale`.
void gather_heads(ConstMatrixView from, float scale, std::int64_t heads, std::int64_t padded,
                  float* to) {
  const std::int64_t size = from.columns / heads;
  for (std::int64_t head = 0; head < heads; ++head) {
    for (std::int64_t row = 0; row < from.rows; ++row) {
      const float* source = from.row(row) + head * size;
      for (std::int64_t i = 0; i < size; ++i) to[i] = source[i] * scale;
      to += size;
    }
    to = std::fill_n(to, (padded - from.rows) * size, 0.0f);
  }
}

}  // namespace

struct SelfAttention::Impl {
  struct Bucket {
    LazyPrimitive<dnnl::matmul> scores;
    LazyPrimitive<dnnl::softmax_forward> softmax;
    LazyPrimitive<dnnl::matmul> context;
  };

  std::int64_t heads;
  std::int64_t head_size;
  std::int64_t max_length;
  std::vector<Bucket> buckets;
};

SelfAttention::SelfAttention(std::int64_t heads, std::int64_t head_size, std::int64_t max_length) {
  if (heads < 1 || head_size < 1 || max_length < 1) {
    throw Error(ErrorKind::internal, "SelfAttention: heads, sizes and lengths must be positive");
  }
  auto impl = std::make_unique<Impl>();
  impl->heads = heads;
  impl->head_size = head_size;
  impl->max_length = max_length;
  impl->buckets = std::vector<Impl::Bucket>(static_cast<std::size_t>(bucket_index(max_length)) + 1);
  impl_ = std::move(impl);
}

SelfAttention::SelfAttention(SelfAttention&&) noexcept = default;
SelfAttention& SelfAttention::operator=(SelfAttention&&) noexcept = default;
SelfAttention::~SelfAttention() = default;

void SelfAttention::forward(ConstMatrixView query, ConstMatrixView key, ConstMatrixView value,
                            MatrixView context, Workspace& workspace,
                            const std::function<void(const AttentionView&)>& probabilities) const {
  const Impl& impl = *impl_;
  const std::int64_t length = query.rows;
  const std::int64_t heads = impl.heads;
  const std::int64_t size = impl.head_size;
  if (length < 1 || length > impl.max_length || query.columns != heads * size) {
    throw Error(ErrorKind::internal, concat("SelfAttention: a sequence of ", length,
                                            " tokens; expected 1 to ", impl.max_length));
  }
  const std::int64_t index = bucket_index(length);
  const std::int64_t padded = bucket_length(index);
  const Impl::Bucket& bucket = impl.buckets[static_cast<std::size_t>(index)];

  const Workspace::Frame frame(workspace);
  const auto floats = [&](std::int64_t count) {
    return workspace.floats(static_cast<std::size_t>(count));
  };
  float* q = floats(heads * padded * size);
  float* k = floats(heads * padded * size);
  float* v = floats(heads * padded * size);
  float* weights = floats(heads * padded * padded);
  float* mask = floats(padded);
  gather_heads(query, 1.0f / std::sqrt(static_cast<float>(size)), heads, padded, q);
  gather_heads(key, 1.0f, heads, padded, k);
  gather_heads(value, 1.0f, heads, padded, v);
  std::fill_n(mask, length, 0.0f);
  std::fill(mask + length, mask + padded, kMasked);

  const auto rows_desc = float_desc({heads, padded, size}, FormatTag::abc);
  const auto key_desc = float_desc({heads, size, padded}, FormatTag::acb);  // K transposed
  const auto weights_desc = float_desc({heads, padded, padded}, FormatTag::abc);
  const auto mask_desc = float_desc({1, 1, padded}, FormatTag::abc);
  const auto softmax_rows = float_desc({heads * padded, padded}, FormatTag::ab);

  bucket.scores
      .get([&] {
        dnnl::post_ops add_mask;
        add_mask.append_binary(dnnl::algorithm::binary_add, mask_desc);
        return matmul_desc(rows_desc, key_desc, {}, weights_desc, attributes(add_mask));
      })
      .execute({{DNNL_ARG_SRC, wrap(rows_desc, q)},
                {DNNL_ARG_WEIGHTS, wrap(key_desc, k)},
                {DNNL_ARG_DST, wrap(weights_desc, weights)},
                {DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, wrap(mask_desc, mask)}},
               workspace);
  bucket.softmax.get([&] { return softmax_desc(softmax_rows, 1, attributes()); })
      .execute({{DNNL_ARG_SRC, wrap(softmax_rows, weights)},
                {DNNL_ARG_DST, wrap(softmax_rows, weights)}},
               workspace);
  if (probabilities) probabilities({weights, heads, length, padded});

  float* mixed = q;  // the queries are no longer needed
  bucket.context
      .get([&] { return matmul_desc(weights_desc, rows_desc, {}, rows_desc, attributes()); })
      .execute({{DNNL_ARG_SRC, wrap(weights_desc, weights)},
                {DNNL_ARG_WEIGHTS, wrap(rows_desc, v)},
                {DNNL_ARG_DST, wrap(rows_desc, mixed)}},
               workspace);
  for (std::int64_t head = 0; head < heads; ++head) {
    for (std::int64_t row = 0; row < length; ++row) {
      std::copy_n(mixed + (head * padded + row) * size, size, context.row(row) + head * size);
    }
  }
}

}  // namespace convbert::nn
