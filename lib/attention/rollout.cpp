#include "attention/rollout.h"

#include <algorithm>

#include "core/error.h"

namespace convbert {
namespace {

std::size_t index_of(std::int64_t value) { return static_cast<std::size_t>(value); }

// map += weight * each head's attention
void add_attention(const AttentionMaps& maps, std::int64_t layer, float weight,
                   std::span<float> map) {
  const std::size_t size = map.size();
  for (std::int64_t head = 0; head < maps.heads; ++head) {
    const float* from = maps.attention.data() + index_of(layer * maps.heads + head) * size;
    for (std::size_t i = 0; i < size; ++i) map[i] += weight * from[i];
  }
}

// map += weight * the bands of each head's kernels
void add_kernels(const AttentionMaps& maps, std::int64_t layer, float weight,
                 std::span<float> map) {
  const std::int64_t n = maps.length;
  const std::int64_t half = maps.kernel / 2;
  for (std::int64_t head = 0; head < maps.heads; ++head) {
    const float* kernels = maps.kernels.data() + (layer * maps.heads + head) * n * maps.kernel;
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t end = std::min(n, i + half + 1);
      for (std::int64_t j = std::max<std::int64_t>(0, i - half); j < end; ++j) {
        map[index_of(i * n + j)] += weight * kernels[i * maps.kernel + j - i + half];
      }
    }
  }
}

}  // namespace

std::vector<float> mixed_maps(const AttentionMaps& maps, MixedHeads heads) {
  const std::size_t size = index_of(maps.length * maps.length);
  const bool with_kernels = maps.kernel > 0 && heads == MixedHeads::all;
  const float weight = 1.0f / static_cast<float>(maps.heads * (with_kernels ? 2 : 1));
  std::vector<float> mixed(index_of(maps.layers) * size);
  for (std::int64_t layer = 0; layer < maps.layers; ++layer) {
    const std::span<float> map = std::span(mixed).subspan(index_of(layer) * size, size);
    add_attention(maps, layer, weight, map);
    if (with_kernels) add_kernels(maps, layer, weight, map);
  }
  return mixed;
}

std::vector<float> attention_rollout(std::span<const float> mixed, std::int64_t length) {
  const std::size_t n = index_of(length);
  if (n == 0 || mixed.size() % (n * n) != 0) {
    throw Error(ErrorKind::internal, "attention_rollout: the maps are not square");
  }
  std::vector<float> rollout(mixed.size());
  std::vector<float> identity(n * n);
  for (std::size_t i = 0; i < n; ++i) identity[i * n + i] = 1.0f;
  const float* before = identity.data();
  for (std::size_t layer = 0; layer < mixed.size(); layer += n * n) {
    float* after = rollout.data() + layer;
    for (std::size_t i = 0; i < n; ++i) {
      const float* row = mixed.data() + layer + i * n;
      float sum = 0;
      for (std::size_t j = 0; j < n; ++j) sum += row[j];
      const float scale = sum > 0 ? 0.5f / sum : 0.0f;
      float* to = after + i * n;
      for (std::size_t j = 0; j < n; ++j) {
        const float weight = scale * row[j] + (i == j ? 0.5f : 0.0f);
        const float* from = before + j * n;
        for (std::size_t t = 0; t < n; ++t) to[t] += weight * from[t];
      }
    }
    before = after;
  }
  return rollout;
}

}  // namespace convbert
