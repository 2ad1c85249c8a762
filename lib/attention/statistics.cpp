#include "attention/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/error.h"

namespace convbert {
namespace {

// In the order of kFigureNames.
enum Figure : std::size_t {
  kEntropy,
  kDistance,
  kOffset,
  kWindow,
  kSelf,
  kPrevious,
  kNext,
  kCls,
  kSep,
  kPunctuation,
  kOutside,
  kConfidence,
};

// One row: weights of tokens, the first of which is token `first`, seen from query `query`.
struct Row {
  std::int64_t query;
  std::int64_t first;
  std::int64_t window;
};

void add_token(Figures& sums, const Row& row, std::int64_t token, TokenKind kind, double weight) {
  const std::int64_t offset = token - row.query;
  sums[kDistance] += weight * static_cast<double>(std::abs(offset));
  sums[kOffset] += weight * static_cast<double>(offset);
  if (std::abs(offset) <= row.window) sums[kWindow] += weight;
  if (offset == 0) sums[kSelf] += weight;
  if (offset == -1) sums[kPrevious] += weight;
  if (offset == 1) sums[kNext] += weight;
  if (kind.is_cls) sums[kCls] += weight;
  if (kind.is_sep) sums[kSep] += weight;
  if (kind.is_punctuation) sums[kPunctuation] += weight;
}

// `weight_at(index)` is the weight of token first + index, which may lie beyond the text's ends.
template <class WeightAt>
void add_row(Figures& sums, const Row& row, std::int64_t count, std::span<const TokenKind> tokens,
             WeightAt weight_at) {
  double largest = 0;
  for (std::int64_t index = 0; index < count; ++index) {
    const double weight = weight_at(index);
    const std::int64_t token = row.first + index;
    if (weight > 0) sums[kEntropy] -= weight * std::log(weight);
    largest = std::max(largest, weight);
    if (token < 0 || token >= static_cast<std::int64_t>(tokens.size())) {
      sums[kOutside] += weight;
    } else {
      add_token(sums, row, token, tokens[static_cast<std::size_t>(token)], weight);
    }
  }
  sums[kConfidence] += largest;
}

void add_figures(Figures& to, const Figures& from) {
  for (std::size_t i = 0; i < kFigures; ++i) to[i] += from[i];
}

// A number that follows from both alone and is spread over all 64 bits (Steele et al. 2014).
std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = a * 0x9E3779B97F4A7C15u + b;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

// The Poisson(1) variable that a uniform one stands for.
double poisson(std::uint64_t bits) {
  const double uniform = static_cast<double>(bits >> 11) * 0x1p-53;
  double probability = std::exp(-1.0);
  double cumulative = probability;
  int count = 0;
  while (uniform >= cumulative && count < 20) {
    ++count;
    probability /= count;
    cumulative += probability;
  }
  return count;
}

}  // namespace

TextStatistics statistics_of(const AttentionMaps& maps, std::span<const TokenKind> tokens,
                             std::int64_t window) {
  if (static_cast<std::int64_t>(tokens.size()) != maps.length) {
    throw Error(ErrorKind::internal, "statistics_of: tokens and maps differ in length");
  }
  TextStatistics text;
  text.rows = maps.length;
  const std::int64_t n = maps.length;
  const std::int64_t k = maps.kernel;
  for (std::int64_t query = 0; query < n; ++query) {
    const Row whole{query, 0, window};
    const Row taps{query, query - k / 2, window};
    add_row(text.uniform_attention, whole, n, tokens,
            [&](std::int64_t) { return 1.0 / static_cast<double>(n); });
    add_row(text.uniform_kernel, taps, k, tokens,
            [&](std::int64_t) { return 1.0 / static_cast<double>(k); });
  }
  const auto add_map = [&](const float* map, std::int64_t width, std::vector<Figures>& to) {
    Figures& sums = to.emplace_back();
    for (std::int64_t query = 0; query < n; ++query) {
      const float* weights = map + query * width;
      const Row row{query, &to == &text.kernels ? query - k / 2 : 0, window};
      add_row(sums, row, width, tokens,
              [&](std::int64_t index) { return static_cast<double>(weights[index]); });
    }
  };
  for (std::int64_t map = 0; map < maps.layers * maps.heads; ++map) {
    add_map(maps.attention.data() + map * n * n, n, text.attention);
    if (k > 0) add_map(maps.kernels.data() + map * n * k, k, text.kernels);
  }
  return text;
}

CorpusStatistics::CorpusStatistics(std::int64_t layers, std::int64_t heads, bool has_kernels)
    : heads_(heads),
      attention_(static_cast<std::size_t>(layers * heads) * kFigures),
      kernels_(has_kernels ? attention_.size() : 0) {}

void CorpusStatistics::add(const TextStatistics& text) {
  Replicates weights;
  for (std::size_t r = 0; r < kReplicates; ++r) {
    weights[r] = poisson(mixed(static_cast<std::uint64_t>(texts_) + 1, r));
    replicate_rows_[r] += weights[r] * static_cast<double>(text.rows);
  }
  ++texts_;
  rows_ += text.rows;
  add_figures(uniform_attention_, text.uniform_attention);
  add_figures(uniform_kernel_, text.uniform_kernel);
  add_heads(text.attention, weights, attention_);
  add_heads(text.kernels, weights, kernels_);
}

void CorpusStatistics::add_heads(const std::vector<Figures>& heads, const Replicates& weights,
                                 std::vector<Sum>& sums) const {
  if (heads.size() * kFigures != sums.size()) {
    throw Error(ErrorKind::internal, "CorpusStatistics: a text has other heads than the corpus");
  }
  for (std::size_t head = 0; head < heads.size(); ++head) {
    for (std::size_t figure = 0; figure < kFigures; ++figure) {
      const double value = heads[head][figure];
      Sum& sum = sums[head * kFigures + figure];
      sum.all += value;
      for (std::size_t r = 0; r < kReplicates; ++r) sum.replicates[r] += weights[r] * value;
    }
  }
}

const CorpusStatistics::Sum& CorpusStatistics::sum(MapKind kind, std::int64_t layer,
                                                   std::int64_t head, std::size_t figure) const {
  const std::vector<Sum>& sums = kind == MapKind::attention ? attention_ : kernels_;
  return sums[static_cast<std::size_t>(layer * heads_ + head) * kFigures + figure];
}

Estimate CorpusStatistics::estimate(MapKind kind, std::int64_t layer, std::int64_t head,
                                    std::size_t figure) const {
  const Sum& found = sum(kind, layer, head, figure);
  std::vector<double> means;
  for (std::size_t r = 0; r < kReplicates; ++r) {
    // Of very few texts a replicate may have drawn none.
    if (replicate_rows_[r] > 0) means.push_back(found.replicates[r] / replicate_rows_[r]);
  }
  std::ranges::sort(means);
  const auto percentile = [&](double share) {
    return means[static_cast<std::size_t>(share * static_cast<double>(means.size() - 1) + 0.5)];
  };
  const double mean = found.all / static_cast<double>(rows_);
  if (means.empty()) return {mean, mean, mean};
  return {mean, percentile(0.025), percentile(0.975)};
}

double CorpusStatistics::uniform(MapKind kind, std::size_t figure) const {
  const Figures& sums = kind == MapKind::attention ? uniform_attention_ : uniform_kernel_;
  return sums[figure] / static_cast<double>(rows_);
}

std::string_view pattern_of(const Figures& means, const Figures& uniform) {
  if (means[kPrevious] >= 0.4) return "previous";
  if (means[kNext] >= 0.4) return "next";
  if (means[kSelf] >= 0.4) return "self";
  if (means[kCls] + means[kSep] >= 0.5) return "separator";
  if (means[kPunctuation] >= 0.4) return "delimiter";
  if (means[kWindow] >= 0.6 && means[kWindow] >= 1.5 * uniform[kWindow]) return "diagonal";
  if (means[kEntropy] >= 0.9 * uniform[kEntropy]) return "broad";
  return "mixed";
}

}  // namespace convbert
