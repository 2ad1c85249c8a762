#include "nn/self_attention.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "nn/lanes.h"

namespace convbert::nn {
namespace {

// Keys lie transposed in panels of this many, [panel][head_size][kPanel], the last filled up with
// zeros: a vector of scores is then a sum of query value times a vector of key values.
constexpr std::int64_t kPanel = 2 * kLanes;

std::int64_t panels_of(std::int64_t length) { return (length + kPanel - 1) / kPanel; }
std::int64_t padded(std::int64_t size) { return (size + kLanes - 1) / kLanes * kLanes; }

// One head of one sequence.
struct Head {
  const float* query;
  std::int64_t query_stride;
  const float* key_panels;
  const float* value;  // rows of padded(size) floats at least
  std::int64_t value_stride;
  float* context;
  std::int64_t context_stride;
  std::int64_t length;
  std::int64_t size;
  float scale;
  float* scores;         // room for kMostRows rows of panels_of(length) * kPanel floats
  float* probabilities;  // [length, panels_of(length) * kPanel]; may be null
};
constexpr std::int64_t kMostRows = 6;

// kRows queries together, kVectors vectors of context at a time: as many sums as registers hold.
template <std::int64_t kRows, std::int64_t kVectors>
struct AttendRows {
  static CONVBERT_INLINE void run(const Head& head, std::int64_t first) {
    const std::int64_t width = panels_of(head.length) * kPanel;
    for (std::int64_t panel = 0; panel < width / kPanel; ++panel) score(head, first, panel, width);
    float inverse_sums[kRows];
    for (std::int64_t row = 0; row < kRows; ++row) {
      inverse_sums[row] = 1.0f / exponentiate(head.scores + row * width, head.length, width);
    }
    std::int64_t c = 0;
    for (; c + kVectors * kLanes <= head.size; c += kVectors * kLanes) {
      mix<kVectors>(head, first, c, width, inverse_sums);
    }
    for (; c < head.size; c += kLanes) mix<1>(head, first, c, width, inverse_sums);
    if (head.probabilities == nullptr) return;
    for (std::int64_t row = 0; row < kRows; ++row) {
      const float* from = head.scores + row * width;
      float* to = head.probabilities + (first + row) * width;
      for (std::int64_t j = 0; j < width; j += kLanes) {
        store(to + j, load(from + j) * inverse_sums[row]);
      }
    }
  }

 private:
  // scores[row, panel's keys] = query . key * scale
  static CONVBERT_INLINE void score(const Head& head, std::int64_t first, std::int64_t panel,
                                    std::int64_t width) {
    Floats low[kRows] = {};
    Floats high[kRows] = {};
    const float* keys = head.key_panels + panel * head.size * kPanel;
    const float* query = head.query + first * head.query_stride;
    for (std::int64_t d = 0; d < head.size; ++d, keys += kPanel) {
      const Floats low_keys = load(keys);
      const Floats high_keys = load(keys + kLanes);
#pragma GCC unroll 8
      for (std::int64_t row = 0; row < kRows; ++row) {
        const float q = query[row * head.query_stride + d];
        low[row] += q * low_keys;
        high[row] += q * high_keys;
      }
    }
#pragma GCC unroll 8
    for (std::int64_t row = 0; row < kRows; ++row) {
      float* scores = head.scores + row * width + panel * kPanel;
      store(scores, low[row] * head.scale);
      store(scores + kLanes, high[row] * head.scale);
    }
  }

  // scores = e^(scores - their largest), zero beyond the sequence; returns their sum.
  static CONVBERT_INLINE float exponentiate(float* scores, std::int64_t length,
                                            std::int64_t width) {
    for (std::int64_t j = length; j < width; ++j) scores[j] = -__builtin_inff();
    Floats largest = load(scores);
    for (std::int64_t j = kLanes; j < width; j += kLanes) {
      largest = larger(largest, load(scores + j));
    }
    const float shift = largest_of(largest);
    Floats sum{};
    for (std::int64_t j = 0; j < width; j += kLanes) {
      const Floats weights = exponential(load(scores + j) - shift);
      store(scores + j, weights);
      sum += weights;
    }
    return sum_of(sum);
  }

  // context[row, c...] = sum_j weights[row, j] value[j, c...] / sum
  template <std::int64_t kWide>
  static CONVBERT_INLINE void mix(const Head& head, std::int64_t first, std::int64_t c,
                                  std::int64_t width, const float* inverse_sums) {
    Floats sums[kRows][kWide] = {};
    const float* value = head.value + c;
    for (std::int64_t j = 0; j < head.length; ++j, value += head.value_stride) {
      Floats values[kWide];
#pragma GCC unroll 8
      for (std::int64_t v = 0; v < kWide; ++v) values[v] = load(value + v * kLanes);
#pragma GCC unroll 8
      for (std::int64_t row = 0; row < kRows; ++row) {
        const float weight = head.scores[row * width + j];
#pragma GCC unroll 8
        for (std::int64_t v = 0; v < kWide; ++v) sums[row][v] += weight * values[v];
      }
    }
#pragma GCC unroll 8
    for (std::int64_t row = 0; row < kRows; ++row) {
      float* context = head.context + (first + row) * head.context_stride + c;
      for (std::int64_t v = 0; v < kWide; ++v) {
        const std::int64_t left = head.size - c - v * kLanes;
        store_lanes(context + v * kLanes, sums[row][v] * inverse_sums[row],
                    left < kLanes ? left : kLanes);
      }
    }
  }
};

template <std::int64_t kRows, std::int64_t kVectors>
struct AttendHead {
  static CONVBERT_INLINE void run(const Head* head) {
    std::int64_t first = 0;
    for (; first + kRows <= head->length; first += kRows) {
      AttendRows<kRows, kVectors>::run(*head, first);
    }
    for (; first < head->length; ++first) AttendRows<1, kVectors>::run(*head, first);
  }
};

// Registers hold 24 sums in AVX-512, 8 vectors' halves in AVX2, 4 vectors' quarters elsewhere.
void attend(const Head& head) {
  switch (instruction_set()) {
    case InstructionSet::avx512: return dispatch<AttendHead<6, 4>>(&head);
    case InstructionSet::avx2: return dispatch<AttendHead<3, 2>>(&head);
    case InstructionSet::portable: return dispatch<AttendHead<2, 1>>(&head);
  }
}

void transpose_into_panels(const float* key, std::int64_t stride, const Head& head, float* panels) {
  std::fill_n(panels, panels_of(head.length) * head.size * kPanel, 0.0f);
  for (std::int64_t j = 0; j < head.length; ++j, key += stride) {
    float* to = panels + j / kPanel * head.size * kPanel + j % kPanel;
    for (std::int64_t d = 0; d < head.size; ++d) to[d * kPanel] = key[d];
  }
}

void widen_rows(const float* from, std::int64_t stride, const Head& head, float* to) {
  const std::int64_t width = padded(head.size);
  for (std::int64_t row = 0; row < head.length; ++row) {
    std::fill(std::copy_n(from + row * stride, head.size, to + row * width), to + (row + 1) * width,
              0.0f);
  }
}

}  // namespace

SelfAttention::SelfAttention(std::int64_t heads, std::int64_t head_size)
    : heads_(heads), head_size_(head_size) {
  if (heads < 1 || head_size < 1) {
    throw Error(ErrorKind::internal, "SelfAttention: heads and their size must be positive");
  }
}

void SelfAttention::forward(ConstMatrixView query, ConstMatrixView key, ConstMatrixView value,
                            MatrixView context, Workspace& workspace,
                            const std::function<void(const AttentionView&)>& probabilities) const {
  const std::int64_t length = query.rows;
  if (length < 1 || query.columns != heads_ * head_size_ || key.rows != length ||
      value.rows != length || context.rows != length) {
    throw Error(ErrorKind::internal, "SelfAttention: an argument has the wrong shape");
  }
  const Workspace::Frame frame(workspace);
  const auto floats = [&](std::int64_t count) {
    return workspace.floats(static_cast<std::size_t>(count));
  };
  const std::int64_t width = panels_of(length) * kPanel;
  float* panels = floats(width * head_size_);
  float* scores = floats(kMostRows * width);
  const bool has_whole_vectors = head_size_ % kLanes == 0;
  float* widened = has_whole_vectors ? nullptr : floats(length * padded(head_size_));
  float* weights = probabilities ? floats(heads_ * width * width) : nullptr;

  for (std::int64_t index = 0; index < heads_; ++index) {
    const std::int64_t column = index * head_size_;
    Head head{.query = query.data + column,
              .query_stride = query.stride,
              .key_panels = panels,
              .value = value.data + column,
              .value_stride = value.stride,
              .context = context.data + column,
              .context_stride = context.stride,
              .length = length,
              .size = head_size_,
              .scale = 1.0f / std::sqrt(static_cast<float>(head_size_)),
              .scores = scores,
              .probabilities = probabilities ? weights + index * width * width : nullptr};
    transpose_into_panels(key.data + column, key.stride, head, panels);
    if (!has_whole_vectors) {
      widen_rows(head.value, value.stride, head, widened);
      head.value = widened;
      head.value_stride = padded(head_size_);
    }
    attend(head);
  }
  if (probabilities) probabilities({weights, heads_, length, width});
}

}  // namespace convbert::nn
